package sim

import (
	"context"

	"github.com/prometheus/common/model"
	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// world is a crowd in a scene, as the storage that Prometheus' engine reads.
type world struct {
	*crowd
	scene    scene
	recorded func(name string, hints *storage.SelectHints) []storage.Series
	// native is set once a native histogram is read, whose values are not simulated, and
	// unknown once a recording rule is that is not evaluated.
	native, unknown bool
}

// Querier implements storage.Queryable.
func (w *world) Querier(int64, int64) (storage.Querier, error) { return w, nil }

// Close implements storage.Querier.
func (w *world) Close() error { return nil }

// LabelValues implements storage.Querier; the engine does not ask for them.
func (w *world) LabelValues(context.Context, string, *storage.LabelHints, ...*promlabels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

// LabelNames implements storage.Querier; the engine does not ask for them.
func (w *world) LabelNames(context.Context, *storage.LabelHints, ...*promlabels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

// Select implements storage.Querier. The series are sorted.
func (w *world) Select(_ context.Context, _ bool, hints *storage.SelectHints, matchers ...*promlabels.Matcher) storage.SeriesSet {
	set := &seriesSet{SeriesSet: storage.EmptySeriesSet()}
	pick := func(m member) {
		if w.scene.there(m) && w.matches(m.labels, matchers) {
			w.native = w.native || m.owner == own && m.role == Native
			set.left = append(set.left, w.stored(m, hints))
		}
	}
	names, exact := w.selected(matchers)
	for _, name := range names {
		for _, m := range w.of(name) {
			pick(m)
		}
	}
	if exact && len(w.streams[names[0]]) == 0 {
		for _, s := range w.recorded(names[0], hints) {
			if w.matches(s.Labels(), matchers) {
				set.left = append(set.left, s)
			}
		}
	}
	return set
}

// selected are the names of the series that a selector may find; exact if it says one.
func (w *world) selected(matchers []*promlabels.Matcher) (names []string, exact bool) {
	names = w.names
	for _, m := range matchers {
		switch {
		case m.Name != model.MetricNameLabel:
		case m.Type == promlabels.MatchEqual:
			return []string{m.Value}, true
		default:
			var left []string
			for _, name := range names {
				if m.Matches(name) {
					left = append(left, name)
				}
			}
			names = left
		}
	}
	return names, false
}

func (w *world) matches(labels promlabels.Labels, matchers []*promlabels.Matcher) bool {
	for _, m := range matchers {
		if value := labels.Get(m.Name); !m.Matches(value) && !w.any(m.Name, value) {
			return false
		}
	}
	return true
}

// any reports whether a label's value is not known and may be whatever is matched.
func (w *world) any(name, value string) bool {
	return w.scene.free && value != "" && w.shape.Guessed[name]
}

type seriesSet struct {
	storage.SeriesSet
	left []storage.Series
	at   storage.Series
}

func (s *seriesSet) Next() bool {
	if len(s.left) == 0 {
		return false
	}
	s.at, s.left = s.left[0], s.left[1:]
	return true
}

func (s *seriesSet) At() storage.Series { return s.at }

// stored is a series with the samples of the scrapes that the hints are about.
func (w *world) stored(m member, hints *storage.SelectHints) storage.Series {
	every, phase := scrapeInterval.Milliseconds(), scrapePhase.Milliseconds()
	if r := hints.Range; r > 0 && r < enoughScrapes*every {
		// Whether what is scraped is scraped often enough for a range, the hop of the
		// ServiceMonitor judges, which knows how often that is.
		every = max(1, r/enoughScrapes)
		phase %= every
	}
	now, line := w.scene.at.UnixMilli(), w.scene.line(m)
	from, until := max(hints.Start, now-age.Milliseconds()), min(hints.End, now)
	from += (every - (from-phase)%every) % every
	s := promql.Series{Metric: m.labels, Floats: make([]promql.FPoint, 0, max(0, (until-from)/every+1))}
	for at := from; at <= until; at += every {
		s.Floats = append(s.Floats, promql.FPoint{T: at, F: line.at + line.slope*float64(at-now)/1000})
	}
	return promql.NewStorageSeries(s)
}
