package rulecheck

import (
	"slices"

	"github.com/prometheus/prometheus/promql/parser"
)

func (f *flow) binary(n *parser.BinaryExpr) vector {
	l, r := f.eval(n.LHS), f.eval(n.RHS)
	switch {
	case l.scalar && r.scalar:
		return vector{scalar: true} // a number that is not followed any further
	case r.scalar:
		return f.withScalar(n, n.Op, l, r.number)
	case l.scalar:
		return f.withScalar(n, mirrored(n.Op), r, l.number)
	case n.Op.IsSetOperator():
		return f.sets(n, l, r)
	default:
		return f.joined(n, l, r)
	}
}

// mirrored is the comparison with its sides swapped.
func mirrored(op parser.ItemType) parser.ItemType {
	switch op {
	case parser.LSS:
		return parser.GTR
	case parser.LTE:
		return parser.GTE
	case parser.GTR:
		return parser.LSS
	case parser.GTE:
		return parser.LTE
	default:
		return op
	}
}

// withScalar is a vector against a number, the vector on the left.
func (f *flow) withScalar(n *parser.BinaryExpr, op parser.ItemType, v vector, number *float64) vector {
	if op.IsComparisonOperator() && !n.ReturnBool {
		return filtered(op, v, number)
	}
	grows := number != nil && *number > 0 && (op == parser.MUL || op == parser.DIV || op == parser.ADD)
	return f.unique(v.each(func(s sample) sample {
		s.positive, s.growing = s.positive && grows, false
		return s.unnamed()
	}))
}

// filtered drops what does not compare. A value known to be positive decides
// the comparisons with zero and below; everything else depends on the value.
func filtered(op parser.ItemType, v vector, number *float64) vector {
	out := vector{open: v.open}
	for _, s := range v.samples {
		known := s.positive && number != nil && *number <= 0
		switch {
		case !known:
			s.maybe = true
		case op == parser.LSS || op == parser.LTE || op == parser.EQLC:
			continue
		}
		out.samples = append(out.samples, s)
	}
	return out
}

func (f *flow) sets(n *parser.BinaryExpr, l, r vector) vector {
	left, right := bySignature(n.VectorMatching, l), bySignature(n.VectorMatching, r)
	out := vector{open: l.open || (r.open && n.Op == parser.LOR)}
	for _, s := range l.samples {
		matches := right[joinKey(n.VectorMatching, s)]
		for _, m := range matches {
			if n.Op != parser.LOR {
				s.from |= m.from
			}
		}
		sure := slices.ContainsFunc(matches, func(m sample) bool { return !m.maybe })
		switch n.Op {
		case parser.LAND:
			if len(matches) == 0 && !r.open {
				continue
			}
			s.maybe = s.maybe || !sure
		case parser.LUNLESS:
			if sure {
				continue
			}
			s.maybe = s.maybe || len(matches) > 0 || r.open
		}
		out.samples = append(out.samples, s)
	}
	if n.Op == parser.LOR {
		for _, s := range r.samples {
			matches := left[joinKey(n.VectorMatching, s)]
			if slices.ContainsFunc(matches, func(m sample) bool { return !m.maybe }) {
				continue
			}
			s.maybe = s.maybe || len(matches) > 0 || l.open
			out.samples = append(out.samples, s)
		}
	}
	if n.Op == parser.LAND {
		f.noteApart(n, l, r, out)
	}
	return out
}

// joined is arithmetic or comparison of two vectors.
func (f *flow) joined(n *parser.BinaryExpr, l, r vector) vector {
	m := n.VectorMatching
	if m.FillValues.LHS != nil || m.FillValues.RHS != nil {
		return vector{open: true}
	}
	if m.Card == parser.CardOneToMany {
		l, r = r, l
	}
	out := vector{open: l.open || r.open}
	switch {
	case len(l.samples) == 0 || len(r.samples) == 0:
		return out
	case len(l.samples) == 1 && len(r.samples) == 1: // by far the most common
		if joinKey(m, l.samples[0]) == joinKey(m, r.samples[0]) {
			out.samples = []sample{combined(n, l.samples[0], r.samples[0])}
		}
		f.noteApart(n, l, r, out)
		return out
	}
	ones := bySignature(m, r)
	doubtful := f.oneEach(l, ones)
	seen := map[string]bool{} // by match group: whether a pair is certain
	for _, s := range l.samples {
		key := joinKey(m, s)
		if len(ones[key]) == 0 {
			continue
		}
		one := ones[key][0]
		result := combined(n, s, one)
		if m.Card != parser.CardOneToOne {
			key += "|" + result.labels.signature()
		}
		sure := !s.maybe && !one.maybe
		if before, matched := seen[key]; matched {
			doubtful = true
			if before && sure {
				f.fail("multiple matches for labels: many-to-one matching must be explicit and unique")
			}
		}
		seen[key] = seen[key] || sure
		out.samples = append(out.samples, result)
	}
	f.noteApart(n, l, r, out)
	if doubtful {
		out = out.doubted()
	}
	return f.unique(out)
}

// oneEach fails the query when a side that must be unique is certainly not,
// and reports when it may not be.
func (f *flow) oneEach(many vector, ones map[string][]sample) (doubtful bool) {
	for _, samples := range ones {
		sure := 0
		for _, s := range samples {
			if !s.maybe {
				sure++
			}
		}
		if sure > 1 && slices.ContainsFunc(many.samples, func(s sample) bool { return !s.maybe }) {
			f.fail("found duplicate series for the match group: many-to-many matching not allowed")
		}
		doubtful = doubtful || len(samples) > 1
	}
	return doubtful
}

func combined(n *parser.BinaryExpr, many, one sample) sample {
	m := n.VectorMatching
	out := many
	if !n.Op.IsComparisonOperator() || n.ReturnBool {
		out = out.unnamed()
	}
	if m.Card == parser.CardOneToOne {
		if m.On {
			out = out.only(m.MatchingLabels...)
		} else {
			out = out.without(m.MatchingLabels...)
		}
	}
	for _, name := range m.Include {
		out = out.with(name, one.labels.get(name))
	}
	out.from |= one.from
	out.maybe = out.maybe || one.maybe
	out.growing = false
	switch {
	case n.Op.IsComparisonOperator() && !n.ReturnBool:
		same := sameText(n.LHS, n.RHS)
		out.maybe = out.maybe || !same || (n.Op != parser.EQLC && n.Op != parser.GTE && n.Op != parser.LTE)
	case n.Op == parser.ADD || n.Op == parser.MUL || n.Op == parser.DIV:
		out.positive = out.positive && one.positive
	default:
		out.positive = false
	}
	return out
}

// sameText compares two expressions. Their texts are made only where their
// forms do not differ: a long chain would be written out at each of its links.
func sameText(a, b parser.Expr) bool {
	x, binary := a.(*parser.BinaryExpr)
	y, both := b.(*parser.BinaryExpr)
	if binary != both {
		return false
	}
	if binary {
		return x.Op == y.Op && sameText(x.RHS, y.RHS) && sameText(x.LHS, y.LHS) && a.String() == b.String()
	}
	return a.String() == b.String()
}

func bySignature(m *parser.VectorMatching, v vector) map[string][]sample {
	groups := map[string][]sample{}
	for _, s := range v.samples {
		key := joinKey(m, s)
		groups[key] = append(groups[key], s)
	}
	return groups
}

func joinKey(m *parser.VectorMatching, s sample) string {
	if m.On {
		return s.labels.only(m.MatchingLabels...).signature()
	}
	return s.labels.unnamed(m.MatchingLabels...).signature()
}

func (f *flow) noteApart(n *parser.BinaryExpr, l, r, out vector) {
	if len(out.samples) == 0 && !out.open && len(l.samples) > 0 && len(r.samples) > 0 {
		f.apart = append(f.apart, n)
	}
}
