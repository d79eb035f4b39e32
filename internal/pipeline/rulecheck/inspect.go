package rulecheck

import (
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

// Smells are forms of a query whose value is not the latency of now, although it has one.
type Smells struct {
	// Lifetime: counters are divided as they are, and not their rates.
	Lifetime bool
	// RatioWithin is the aggregation over ratios of rates of single series; empty if there
	// is none. A ratio is NaN where there is no traffic, and so is an aggregate of it.
	RatioWithin string
}

// spreadsNaN are the aggregations that one NaN makes NaN. Of max and min it is passed over.
// Source: Prometheus, promql/engine.go, aggregation.
var spreadsNaN = []parser.ItemType{parser.AVG, parser.SUM, parser.STDDEV, parser.STDVAR}

// Inspect finds the smells of a query; there are none in what is not PromQL.
func Inspect(query string) Smells {
	expr, _, err := parseQuery(query)
	if err != nil {
		return Smells{}
	}
	var out Smells
	parser.Inspect(expr, func(n parser.Node, path []parser.Node) error {
		division, ok := n.(*parser.BinaryExpr)
		if !ok || division.Op != parser.DIV {
			return nil
		}
		left, right := rated(division.LHS), rated(division.RHS)
		out.Lifetime = out.Lifetime || left == counters && right == counters
		if within := innermost(path); within != nil && right == rates && slices.Contains(spreadsNaN, within.Op) && !aggregates(division.RHS) {
			out.RatioWithin = within.Op.String()
		}
		return nil
	})
	return out
}

// what a side of a division is made of.
type side int

const (
	neither side = iota
	counters
	rates
)

// rated is rates if all series of an expression are inside of a range, and counters if none
// is and they are those of a histogram.
func rated(e parser.Expr) side {
	inRange, plain, other := 0, 0, 0
	parser.Inspect(e, func(n parser.Node, path []parser.Node) error {
		s, ok := n.(*parser.VectorSelector)
		switch {
		case !ok:
		case slices.ContainsFunc(path, isRange):
			inRange++
		case strings.HasSuffix(s.Name, "_sum") || strings.HasSuffix(s.Name, "_count"):
			plain++
		default:
			other++
		}
		return nil
	})
	switch {
	case plain+other == 0 && inRange > 0:
		return rates
	case plain > 0 && inRange+other == 0:
		return counters
	default:
		return neither
	}
}

func isRange(n parser.Node) bool {
	switch n.(type) {
	case *parser.MatrixSelector, *parser.SubqueryExpr:
		return true
	}
	return false
}

// innermost is the aggregation that is nearest to the end of a path.
func innermost(path []parser.Node) *parser.AggregateExpr {
	for _, n := range slices.Backward(path) {
		if a, ok := n.(*parser.AggregateExpr); ok {
			return a
		}
	}
	return nil
}

func aggregates(e parser.Expr) bool {
	found := false
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		_, ok := n.(*parser.AggregateExpr)
		found = found || ok
		return nil
	})
	return found
}
