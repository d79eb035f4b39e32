package sim

import (
	"slices"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// Query is a PromQL expression that is to be evaluated.
type Query struct {
	Text string
	Expr parser.Expr
	// Work is what one evaluation costs, in samples that are read.
	Work int
	// quantile is set if the value is one of buckets, so that it is as exact as these are.
	quantile bool
	// threshold is the number that a value is compared with; zero if there is none.
	threshold float64
	// uneven is how long after a multiple of the step of a subquery its range holds the
	// fewest of them.
	uneven time.Duration
}

// Parser parses PromQL as the Prometheus of the shape does.
func (s *Shape) Parser() parser.Parser {
	return parser.NewParser(parser.Options{
		EnableExperimentalFunctions: slices.Contains(s.Features, "promql-experimental-functions"),
		EnableBinopFillModifiers:    slices.Contains(s.Features, "promql-binop-fill-modifiers"),
	})
}

// Parse parses a query. byFlags reports that a Prometheus with other feature flags accepts
// what is an error, and that they are not known.
func (s *Shape) Parse(query string) (q Query, byFlags bool, err error) {
	expr, err := s.Parser().ParseExpr(query)
	if err != nil {
		_, tolerant := parser.NewParser(parser.Options{
			EnableExperimentalFunctions: true, EnableBinopFillModifiers: true, EnableUnquotedUTF8Names: true,
		}).ParseExpr(query)
		return Query{}, tolerant == nil && !s.FeaturesKnown, err
	}
	if expr.Type() != parser.ValueTypeVector {
		return Query{Text: query, Expr: expr}, false, nil // the adapter refuses its value
	}
	if expr, err = promql.PreprocessExpr(expr, instant, instant, 0); err != nil { // durations that are computed
		return Query{}, false, err
	}
	q = Query{Text: query, Expr: expr, Work: 50 + len(query)}
	parser.Inspect(expr, func(n parser.Node, path []parser.Node) error {
		q.read(n, path)
		return nil
	})
	return q, false, nil
}

// perSelector is about how many series a selector finds, and selection what it costs to
// find them.
const (
	perSelector = 4
	selection   = 100
)

func (q *Query) read(n parser.Node, path []parser.Node) {
	steps := 1.0
	for _, p := range path {
		if s, ok := p.(*parser.SubqueryExpr); ok {
			steps *= 1 + s.Range.Seconds()/stepOf(s).Seconds()
		}
	}
	switch n := n.(type) {
	case *parser.VectorSelector:
		q.spend(steps*perSelector + selection)
	case *parser.MatrixSelector:
		q.spend(steps * perSelector * n.Range.Seconds() / scrapeInterval.Seconds())
	case *parser.SubqueryExpr:
		if step := stepOf(n); q.uneven == 0 && n.Range < 8*step {
			q.uneven = n.Range % step
		}
	case *parser.Call:
		q.quantile = q.quantile || n.Func.Name == "histogram_quantile"
		q.spend(steps)
	case *parser.BinaryExpr:
		q.spend(steps)
		for _, side := range []parser.Expr{n.LHS, n.RHS} {
			if x, ok := unwrapped(side).(*parser.NumberLiteral); ok && n.Op.IsComparisonOperator() && x.Val > 0 && q.threshold == 0 {
				q.threshold = x.Val
			}
		}
	}
}

const maxInt = 1 << 40

func (q *Query) spend(work float64) { q.Work = int(min(float64(q.Work)+work, maxInt)) }

func unwrapped(e parser.Expr) parser.Expr {
	for {
		switch x := e.(type) {
		case *parser.ParenExpr:
			e = x.Expr
		case *parser.StepInvariantExpr:
			e = x.Expr
		default:
			return e
		}
	}
}

// The evaluation intervals of Prometheus, which are the step of a subquery without one.
const (
	operatorsInterval = 30 * time.Second
	defaultInterval   = time.Minute
)

func stepOf(s *parser.SubqueryExpr) time.Duration {
	if s.Step > 0 {
		return s.Step
	}
	return operatorsInterval
}

// second is the other choice for this query: where it compares with a number, what it
// compares is on the other side of it.
func (q Query) second() scene {
	s := secondScene()
	s.at = s.at.Add(q.uneven)
	if q.threshold > 0 {
		first := firstScene()
		if s.latency[own] = q.threshold / 2; q.threshold >= first.latency[own] {
			s.latency[own] = 2 * q.threshold
		}
		if q.threshold >= first.perSecond[own] {
			s.perSecond[own] = 2 * q.threshold
		}
	}
	return s
}
