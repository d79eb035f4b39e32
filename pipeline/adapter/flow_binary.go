package adapter

import (
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
)

func (f *flow) binary(n *parser.BinaryExpr) vector {
	l, r := f.eval(n.LHS), f.eval(n.RHS)
	lScalar, rScalar := n.LHS.Type() == parser.ValueTypeScalar, n.RHS.Type() == parser.ValueTypeScalar
	switch {
	case lScalar && rScalar:
		return vector{} // a number that is not followed any further
	case rScalar:
		return f.withScalar(n, n.Op, l, r.number)
	case lScalar:
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
		return s.without(model.MetricNameLabel)
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
	ones := bySignature(m, r)
	out := vector{open: l.open || r.open}
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
			key += "|" + signature(result.labels)
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
// and reports when it may not be. An empty other side keeps Prometheus from
// looking.
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
		out = out.without(model.MetricNameLabel)
	}
	if m.Card == parser.CardOneToOne {
		if m.On {
			out = out.only(m.MatchingLabels...)
		} else {
			out = out.without(m.MatchingLabels...)
		}
	}
	for _, name := range m.Include {
		out = out.with(name, one.labels[name])
	}
	out.from |= one.from
	out.maybe = out.maybe || one.maybe
	out.growing = false
	switch {
	case n.Op.IsComparisonOperator() && !n.ReturnBool:
		same := n.LHS.String() == n.RHS.String()
		out.maybe = out.maybe || !same || (n.Op != parser.EQLC && n.Op != parser.GTE && n.Op != parser.LTE)
	case n.Op == parser.ADD || n.Op == parser.MUL || n.Op == parser.DIV:
		out.positive = out.positive && one.positive
	default:
		out.positive = false
	}
	return out
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
		return signature(s.only(m.MatchingLabels...).labels)
	}
	return signature(s.without(append([]string{model.MetricNameLabel}, m.MatchingLabels...)...).labels)
}

func (f *flow) noteApart(n *parser.BinaryExpr, l, r, out vector) {
	if len(out.samples) == 0 && !out.open && len(l.samples) > 0 && len(r.samples) > 0 {
		f.apart = append(f.apart, n)
	}
}
