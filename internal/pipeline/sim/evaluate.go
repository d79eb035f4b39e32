package sim

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
)

// Outcome is what becomes of a query for one Service.
type Outcome int

// The outcomes.
const (
	// Right: the value is the Service's latency.
	Right Outcome = iota
	// Wrong: there is a value, and it is another number.
	Wrong
	// Missing: there is no sample for the Service.
	Missing
	// Refused: Prometheus refuses to finish the query.
	Refused
	// Open: it depends on what is not simulated.
	Open
)

// Answer is what a query gives in one scene.
type Answer struct {
	Outcome Outcome
	// Latency is what went in, and Value what comes out; of several samples, of which the
	// adapter serves an arbitrary one, the first that is not right.
	Latency, Value float64
	// Samples is how many there are for the Service.
	Samples int
	// Err is why the query is refused.
	Err error
}

// Others are whose requests get into a value that should not.
type Others int

// Those that may.
const (
	None Others = iota
	// OtherNamespace: a Service of the same name in another namespace.
	OtherNamespace
	// OtherService: another Service in the same namespace.
	OtherService
)

// Evaluation is what a query is found to give.
type Evaluation struct {
	Answer
	// Mixes are whose requests, too, decide what it gives.
	Mixes Others
	// Meaning is what a wrong value is.
	Meaning Meaning
	// Sometimes is set if the outcome is right with other traffic.
	Sometimes bool
	// Several is what it gives when several data planes measure the Service, and Idle when
	// one more has no requests; nil if that is right, too.
	Several, Idle *Answer
}

// Traffic is synthetic traffic of a Service beside that of others, as Prometheus stores it.
// It is used by one goroutine.
type Traffic struct {
	shape              *Shape
	own                []Stream
	namespace, service string
	crowds             map[bool]*crowd
	engines            *Engines
}

// NewTraffic returns the traffic of a Service, evaluated by engines that others may use, too.
func NewTraffic(stored Stored, namespace, service string, engines *Engines) *Traffic {
	t := &Traffic{shape: stored.Shape, namespace: namespace, service: service, crowds: map[bool]*crowd{}, engines: engines}
	if t.shape == nil {
		t.shape = ShapeOf(stored.Series, namespace, service)
	}
	t.own = t.shape.Of(namespace, service)
	if len(t.own) != len(stored.Series) {
		t.own = make([]Stream, 0, len(stored.Series))
		for _, s := range stored.Series {
			t.own = append(t.own, Stream{s, RoleOf(s.Name)})
		}
	}
	for i, s := range stored.Series {
		t.own[i].Series = s
	}
	return t
}

// Shape is that of the scrape.
func (t *Traffic) Shape() *Shape { return t.shape }

func (t *Traffic) world(s scene) *world {
	usual := !s.free
	if t.crowds[usual] == nil {
		t.crowds[usual] = newCrowd(t, usual)
	}
	w := &world{crowd: t.crowds[usual], scene: s}
	w.recorded = t.recorder(w)
	return w
}

// run has Prometheus' engine answer a query.
func (t *Traffic) run(w *world, query string, at time.Time) (promql.Vector, error) {
	interval := defaultInterval
	if w.scene.free {
		interval = operatorsInterval
	}
	ctx := context.Background()
	q, err := t.engines.engine(t.shape, interval).NewInstantQuery(ctx, w, nil, query, at)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	result := q.Exec(ctx)
	if result.Err != nil {
		return nil, result.Err
	}
	return result.Vector()
}

// ask is what a query gives in a scene. Label carries the Service's name.
func (t *Traffic) ask(q Query, label string, s scene) Answer {
	w := t.world(s)
	out := Answer{Outcome: Missing, Latency: s.latency[own]}
	vector, err := t.run(w, q.Text, s.at)
	switch {
	case w.native || w.unknown || limited(err):
		out.Outcome = Open
		return out
	case err != nil:
		out.Outcome, out.Err = Refused, err
		return out
	}
	// The engine's order is arbitrary.
	slices.SortFunc(vector, func(a, b promql.Sample) int { return promlabels.Compare(a.Metric, b.Metric) })
	for _, sample := range vector {
		if sample.Metric.Get(label) != t.service {
			continue
		}
		if out.Samples++; out.Outcome == Missing {
			out.Outcome, out.Value = Right, sample.F
		}
		if out.Outcome == Right && !q.right(sample.F, s.latency[own]) {
			out.Outcome, out.Value = Wrong, sample.F
		}
	}
	return out
}

// limited reports whether a query was ended because of a limit that is not the Prometheus'.
func limited(err error) bool {
	var (
		late     promql.ErrQueryTimeout
		canceled promql.ErrQueryCanceled
		large    promql.ErrTooManySamples
	)
	return errors.As(err, &late) || errors.As(err, &canceled) || errors.As(err, &large)
}

// precision is how near a value must be to be the same number.
const precision = 1e-4

func same(a, b float64) bool {
	return math.Abs(a-b) <= precision*math.Abs(b) || math.IsNaN(a) && math.IsNaN(b) || a == b
}

func (q Query) right(value, latency float64) bool {
	above, upTo := bucketOf(latency)
	return same(value, latency) || q.quantile && value > above && value <= upTo
}

// Evaluate has the engine answer a query over the traffic, and finds out why the answer is
// not the Service's latency if it is not.
func (t *Traffic) Evaluate(q Query, label string) Evaluation {
	first, second := firstScene(), q.second()
	a, b := t.ask(q, label, first), t.ask(q, label, second)
	out, at := Evaluation{Answer: a}, first
	switch {
	case a.Outcome == Open || b.Outcome == Open:
		out.Outcome = Open
		return out
	case a.Outcome == Right && b.Outcome == Right:
		out.Several, out.Idle = t.severally(q, label)
		return out
	case a.Outcome != Wrong && b.Outcome == Wrong:
		out.Answer, at = b, second
	case a.Outcome != Wrong && b.Outcome != Wrong && (a.Outcome == Right) != (b.Outcome == Right):
		out.Outcome = Open
		return out
	}
	out.Sometimes = a.Outcome == Right || b.Outcome == Right
	out.Mixes = t.mixed(q, label, at, out.Answer)
	if out.Mixes != None && out.Outcome != Wrong && (t.ask(q, label, extreme(1)).Outcome == Right || t.ask(q, label, extreme(1000)).Outcome == Right) {
		out.Outcome = Open
		return out
	}
	if out.Outcome == Wrong && out.Mixes == None {
		out.Meaning = t.meaning(q, label, at, out.Answer, a.Outcome == b.Outcome && same(a.Value, b.Value))
	}
	return out
}

// severally is what the query gives where several data planes measure the Service.
func (t *Traffic) severally(q Query, label string) (several, idle *Answer) {
	s := firstScene()
	s.replicas = maxReplicas - 1
	if a := t.ask(q, label, s); a.Outcome != Right || a.Samples > 1 {
		several = &a
	}
	s.idleOne = true
	if a := t.ask(q, label, s); a.Outcome != Right && several == nil {
		idle = &a
	}
	return several, idle
}

// mixed finds out whose requests decide what was given.
func (t *Traffic) mixed(q Query, label string, s scene, given Answer) Others {
	differs := func(s scene, from Answer) bool {
		a := t.ask(q, label, s)
		return a.Outcome != from.Outcome || !same(a.Value, from.Value)
	}
	s.without = [owners]bool{foreign: true, sibling: true, idle: true}
	alone := t.ask(q, label, s)
	if alone.Outcome == given.Outcome && same(alone.Value, given.Value) {
		return None
	}
	s.without = [owners]bool{sibling: true, idle: true}
	if differs(s, alone) {
		return OtherNamespace
	}
	return OtherService
}

// Alone are the samples that a query gives where the Service is the only one.
func (t *Traffic) Alone(query string) (promql.Vector, error) {
	s := firstScene()
	s.without = [owners]bool{foreign: true, sibling: true, idle: true}
	return t.run(t.world(s), query, s.at)
}

// Finds reports whether a selector finds a series of the Service, or one of the target.
func (t *Traffic) Finds(matchers []*promlabels.Matcher) bool {
	s := firstScene()
	s.without = [owners]bool{foreign: true, sibling: true, idle: true}
	w := t.world(s)
	names, exact := w.selected(matchers)
	for _, name := range names {
		if slices.ContainsFunc(w.of(name), func(m member) bool { return s.there(m) && w.matches(m.labels, matchers) }) {
			return true
		}
	}
	return exact && slices.ContainsFunc(w.recorded(names[0], nil), func(r storage.Series) bool { return w.matches(r.Labels(), matchers) })
}

// Serves reports whether a query gives the Service's latency.
func (t *Traffic) Serves(q Query, label string) bool {
	return t.ask(q, label, firstScene()).Outcome == Right && t.ask(q, label, q.second()).Outcome == Right
}
