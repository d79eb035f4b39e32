package rulecheck

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// FuzzFlow holds the flow of labels against Prometheus' own engine: what is
// said to be certain about a query must come true over real samples.
func FuzzFlow(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed)
	}
	series := append(kong("default", "echo"), relabel(kong("default", "echo")[:1], "le", "+Inf")...)
	series = append(series, relabel(kong("default", "echo"), "dataplane_url", "https://10.0.0.10:8444")...)
	at := time.Unix(1800, 0)
	db := growing(series, at)
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1e6, Timeout: time.Minute, Parser: parser.NewParser(parser.Options{})})

	f.Fuzz(func(t *testing.T, seed uint64) {
		g := queries{rand.New(rand.NewPCG(seed, 0))}
		for range 100 {
			query := g.vector(1 + g.IntN(4))
			expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
			if err != nil || expr.Type() != parser.ValueTypeVector {
				continue
			}
			predicted := &flow{series: inputs(series, ofTarget)}
			v := predicted.eval(expr)
			q, err := engine.NewInstantQuery(t.Context(), db, nil, query, at)
			if err != nil {
				t.Fatalf("%s: %v", query, err)
			}
			compareFlow(t, query, predicted, v, q.Exec(t.Context()))
			q.Close()
		}
	})
}

func compareFlow(t *testing.T, query string, predicted *flow, v vector, result *promql.Result) {
	t.Helper()
	if predicted.failure != nil {
		if result.Err == nil {
			t.Errorf("%s\nis said to fail and does not: %v", query, predicted.failure)
		}
		return
	}
	if result.Err != nil || v.open {
		return // a failure may depend on values
	}
	actual, err := result.Vector()
	if err != nil {
		t.Fatal(err)
	}
	values, texts := map[string]float64{}, map[string]string{}
	for _, s := range actual {
		key := storedLabels(s.Metric).signature()
		values[key], texts[key] = s.F, s.Metric.String()
	}
	for _, s := range v.samples {
		key := s.labels.signature()
		value, ok := values[key]
		if !ok && !s.maybe {
			t.Errorf("%s\nis said to give {%s} and gives %v", query, s.labels, texts)
		}
		if ok && s.positive && !(value > 0) {
			t.Errorf("%s\nis said to be positive and gives %v for {%s}", query, value, s.labels)
		}
		delete(values, key)
	}
	for key := range values {
		t.Errorf("%s\ngives %s, which was not foreseen", query, texts[key])
	}
}

func storedLabels(l promlabels.Labels) labelSet {
	return labelsOf(adapterconfig.Series{Name: l.Get(model.MetricNameLabel), Labels: l.Map()})
}

// memory is a storage of a few series.
type memory []storage.Series

// growing makes counters, each with its own slope, a sample every ten seconds.
func growing(series []adapterconfig.Series, until time.Time) memory {
	var m memory
	for i, s := range inputs(series, ofTarget) {
		var samples []chunks.Sample
		for at := int64(0); at <= until.UnixMilli(); at += 10_000 {
			samples = append(samples, point{at, float64(at)*float64(i+1) + 1})
		}
		m = append(m, storage.NewListSeries(promlabels.New(s.labels...), samples))
	}
	slices.SortFunc(m, func(a, b storage.Series) int { return promlabels.Compare(a.Labels(), b.Labels()) })
	return m
}

type point struct {
	t int64
	v float64
}

func (p point) T() int64                      { return p.t }
func (p point) ST() int64                     { return 0 }
func (p point) F() float64                    { return p.v }
func (p point) H() *histogram.Histogram       { return nil }
func (p point) FH() *histogram.FloatHistogram { return nil }
func (p point) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (p point) Copy() chunks.Sample           { return p }

func (m memory) Querier(int64, int64) (storage.Querier, error) { return memoryQuerier{m}, nil }

type memoryQuerier struct{ memory }

func (memoryQuerier) Close() error { return nil }

func (memoryQuerier) LabelValues(context.Context, string, *storage.LabelHints, ...*promlabels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (memoryQuerier) LabelNames(context.Context, *storage.LabelHints, ...*promlabels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (q memoryQuerier) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*promlabels.Matcher) storage.SeriesSet {
	var found memory
	for _, s := range q.memory {
		if matchesAll(matchers, storedLabels(s.Labels())) {
			found = append(found, s)
		}
	}
	return &memorySet{left: found}
}

type memorySet struct {
	left memory
	at   storage.Series
}

func (s *memorySet) Next() bool {
	if len(s.left) == 0 {
		return false
	}
	s.at, s.left = s.left[0], s.left[1:]
	return true
}

func (s *memorySet) At() storage.Series                { return s.at }
func (s *memorySet) Err() error                        { return nil }
func (s *memorySet) Warnings() annotations.Annotations { return nil }
