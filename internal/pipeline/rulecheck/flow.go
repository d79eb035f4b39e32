package rulecheck

import (
	"fmt"
	"slices"

	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// The flow of labels: PromQL is evaluated on label sets alone, over series
// that are assumed to exist and to have traffic. It gives the samples that an
// answer holds and whose series each is made from; values are not known
// beyond "greater than zero". What depends on more than that is marked, never
// guessed.

// origin says whose series a sample is made from.
type origin uint8

const (
	ofTarget origin = 1 << iota
	ofOther
)

// sample is one element of an instant or range vector.
type sample struct {
	labels labelSet
	from   origin
	// maybe: whether the sample is there depends on values.
	maybe bool
	// positive: the value is above zero as long as there is traffic; growing:
	// it is also one that traffic makes grow.
	positive, growing bool
}

// vector is what a PromQL expression gives; scalars have no samples.
type vector struct {
	samples []sample
	// open: there may be samples, or labels, that are not known.
	open   bool
	scalar bool
	// number is the value of a constant scalar.
	number *float64
}

// flow evaluates one expression.
type flow struct {
	series []sample
	// selectors are those of the expression.
	selectors []*parser.VectorSelector
	// dry are the selectors that found no series of the target.
	dry []*parser.VectorSelector
	// apart are the operations whose sides have samples but none in common.
	apart []*parser.BinaryExpr
	// failure is why Prometheus refuses to finish the query.
	failure error
}

// inputs makes series into the samples that selectors choose from.
func inputs(series []adapterconfig.Series, from origin) []sample {
	samples := make([]sample, 0, len(series))
	for _, s := range series {
		labels := labelsOf(s)
		// A single bucket need not count any request.
		le := labels.get("le")
		grows := le == "" || le == "+Inf"
		samples = append(samples, sample{labels: labels, from: from, positive: grows, growing: grows})
	}
	return samples
}

func (f *flow) eval(e parser.Expr) vector {
	switch n := e.(type) {
	case *parser.VectorSelector:
		return f.selected(n)
	case *parser.MatrixSelector:
		return f.eval(n.VectorSelector)
	case *parser.SubqueryExpr:
		return f.eval(n.Expr)
	case *parser.ParenExpr:
		return f.eval(n.Expr)
	case *parser.StepInvariantExpr:
		return f.eval(n.Expr)
	case *parser.NumberLiteral:
		return vector{scalar: true, number: &n.Val}
	case *parser.UnaryExpr:
		return f.unary(n)
	case *parser.AggregateExpr:
		return f.aggregate(n)
	case *parser.BinaryExpr:
		return f.binary(n)
	case *parser.Call:
		return f.call(n)
	default:
		return vector{open: e.Type() != parser.ValueTypeString}
	}
}

func (f *flow) selected(n *parser.VectorSelector) vector {
	var v vector
	own := false
	f.selectors = append(f.selectors, n)
	for _, s := range f.series {
		if matchesAll(n.LabelMatchers, s.labels) {
			v.samples = append(v.samples, s)
			own = own || s.from == ofTarget
		}
	}
	if !own {
		f.dry = append(f.dry, n)
	}
	return v
}

// finds reports whether any selector finds any of the samples.
func (f *flow) finds(samples []sample) bool {
	return slices.ContainsFunc(f.selectors, func(n *parser.VectorSelector) bool {
		return slices.ContainsFunc(samples, func(s sample) bool { return matchesAll(n.LabelMatchers, s.labels) })
	})
}

func matchesAll(matchers []*promlabels.Matcher, labels labelSet) bool {
	for _, m := range matchers {
		if !m.Matches(labels.get(m.Name)) {
			return false
		}
	}
	return true
}

func (f *flow) unary(n *parser.UnaryExpr) vector {
	v := f.eval(n.Expr)
	if v.number != nil && n.Op == parser.SUB {
		neg := -*v.number
		v.number = &neg
	}
	return f.unique(v.each(func(s sample) sample {
		s.positive, s.growing = s.positive && n.Op == parser.ADD, false
		return s.unnamed()
	}))
}

func (f *flow) aggregate(n *parser.AggregateExpr) vector {
	v := f.eval(n.Expr)
	switch n.Op {
	case parser.TOPK, parser.BOTTOMK, parser.LIMITK, parser.LIMIT_RATIO:
		return f.limited(n, v)
	case parser.COUNT_VALUES:
		return vector{open: true}
	}
	return grouping(n, v)
}

// grouping makes one sample of each group.
func grouping(n *parser.AggregateExpr, v vector) vector {
	out := vector{open: v.open}
	at := map[string]int{}
	for _, s := range v.samples {
		g := grouped(n, s)
		key := g.labels.signature()
		i, ok := at[key]
		if !ok {
			at[key] = len(out.samples)
			g.positive = g.positive && n.Op != parser.STDDEV && n.Op != parser.STDVAR && n.Op != parser.QUANTILE
			g.growing = false
			out.samples = append(out.samples, g)
			continue
		}
		merged := &out.samples[i]
		merged.from |= s.from
		merged.maybe = merged.maybe && s.maybe
		merged.positive = merged.positive && s.positive
	}
	return out
}

func grouped(n *parser.AggregateExpr, s sample) sample {
	if n.Without {
		return s.unnamed(n.Grouping...)
	}
	return s.only(n.Grouping...)
}

// limited is topk and its like: samples keep their labels, but when a group
// has more than one, values decide which stay.
func (f *flow) limited(n *parser.AggregateExpr, v vector) vector {
	size := map[string]int{}
	for _, s := range v.samples {
		size[grouped(n, s).labels.signature()]++
	}
	k := f.eval(n.Param).number
	return v.each(func(s sample) sample {
		fits := k != nil && n.Op != parser.LIMIT_RATIO && *k >= float64(size[grouped(n, s).labels.signature()])
		s.maybe = s.maybe || !fits
		return s
	})
}

func (v vector) each(change func(sample) sample) vector {
	out := vector{open: v.open, scalar: v.scalar, number: v.number, samples: make([]sample, 0, len(v.samples))}
	for _, s := range v.samples {
		out.samples = append(out.samples, change(s))
	}
	return out
}

// unique fails the query when two samples have the same labels, as Prometheus
// does wherever a step drops the name of a metric. Where that is not certain,
// no sample is.
func (f *flow) unique(v vector) vector {
	if len(v.samples) < 2 {
		return v
	}
	sure, all := map[string]bool{}, map[string]bool{}
	doubtful := false
	for _, s := range v.samples {
		key := s.labels.signature()
		if !s.maybe && sure[key] {
			f.fail("vector cannot contain metrics with the same labelset: {%s}", s.labels)
		}
		doubtful = doubtful || all[key]
		all[key] = true
		sure[key] = sure[key] || !s.maybe
	}
	if doubtful {
		return v.doubted()
	}
	return v
}

// doubted makes every sample uncertain.
func (v vector) doubted() vector {
	return v.each(func(s sample) sample {
		s.maybe = true
		return s
	})
}

func (f *flow) fail(format string, args ...any) {
	if f.failure == nil {
		f.failure = fmt.Errorf(format, args...)
	}
}

func (s sample) without(names ...string) sample {
	s.labels = s.labels.without(names...)
	return s
}

func (s sample) unnamed(names ...string) sample {
	s.labels = s.labels.unnamed(names...)
	return s
}

func (s sample) only(names ...string) sample {
	s.labels = s.labels.only(names...)
	return s
}

func (s sample) with(name, value string) sample {
	s.labels = s.labels.with(name, value)
	return s
}
