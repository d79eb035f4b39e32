package sim

import (
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// Record is a recording rule.
type Record struct {
	Name, Expr string
	Labels     map[string]string
}

const (
	// maxRecordDepth bounds rules that record what others record, and maxRecorded the
	// samples of one that are computed.
	maxRecordDepth = 3
	maxRecorded    = 24
	maxRecordWork  = 10_000
	maxRecords     = 50
)

// Over are the recording rules that are over series whose names contain a text, or over what
// these record.
func Over(text string, all []Record) []Record {
	var out []Record
	for _, r := range all {
		over := strings.Contains(r.Expr, text) || slices.ContainsFunc(out, func(x Record) bool { return strings.Contains(r.Expr, x.Name) })
		if over && len(out) < maxRecords {
			out = append(out, r)
		}
	}
	return out
}

// recorder returns what the recording rules make in a world.
func (t *Traffic) recorder(w *world) func(string, *storage.SelectHints) []storage.Series {
	depth := 0
	return func(name string, hints *storage.SelectHints) []storage.Series {
		if depth == maxRecordDepth {
			return nil
		}
		depth++
		defer func() { depth-- }()
		var out []storage.Series
		for _, r := range t.shape.Records {
			if r.Name == name {
				out = append(out, t.record(w, r, hints)...)
			}
		}
		return out
	}
}

// record evaluates a rule as often as Prometheus does while the hints say.
func (t *Traffic) record(w *world, r Record, hints *storage.SelectHints) []storage.Series {
	q, _, err := t.shape.Parse(r.Expr)
	if err != nil || q.Work > maxRecordWork {
		w.unknown = true
		return nil
	}
	every := operatorsInterval.Milliseconds()
	until := w.scene.at.UnixMilli()
	from := until - until%every
	if hints != nil {
		until = min(until, hints.End)
		from = max(hints.Start-hints.Start%every, until-maxRecorded*every)
	}
	made := map[string]*promql.Series{}
	var order []string
	for at := from; at <= until; at += every {
		vector, err := t.run(w, r.Expr, time.UnixMilli(at))
		if err != nil {
			return nil
		}
		for _, sample := range vector {
			labels := promlabels.NewBuilder(sample.Metric).Set(model.MetricNameLabel, r.Name)
			for name, value := range r.Labels {
				labels.Set(name, value)
			}
			metric := labels.Labels()
			key := metric.String()
			if made[key] == nil {
				made[key] = &promql.Series{Metric: metric}
				order = append(order, key)
			}
			made[key].Floats = append(made[key].Floats, promql.FPoint{T: at, F: sample.F})
		}
	}
	out := make([]storage.Series, 0, len(order))
	for _, key := range order {
		out = append(out, promql.NewStorageSeries(*made[key]))
	}
	return out
}

// Series are those of the target itself, and of what is recorded of the Service.
func (t *Traffic) Series() (ofTarget, recorded []adapterconfig.Series) {
	s := firstScene()
	s.without = [owners]bool{foreign: true, sibling: true, idle: true}
	w := t.world(s)
	for name := range targetSeries {
		ofTarget = append(ofTarget, adapterconfig.Series{Name: name, Labels: t.shape.Target})
	}
	for _, r := range t.shape.Records {
		for _, x := range w.recorded(r.Name, nil) {
			labels := x.Labels().Map()
			delete(labels, model.MetricNameLabel)
			recorded = append(recorded, adapterconfig.Series{Name: r.Name, Labels: labels})
		}
	}
	return ofTarget, recorded
}
