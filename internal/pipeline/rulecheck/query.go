package rulecheck

import (
	"fmt"
	"slices"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/bound"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// judgedKey is a query and the label that carries the Service's name, judged in haste or not.
type judgedKey struct {
	expr, label string
	hasty       bool
}

// judgeQuery judges a query once, however many rules make it. The error says
// that there is no time left for it.
func (s *search) judgeQuery(query, label string) (Verdict, error) {
	key := judgedKey{query, label, s.hasty}
	if v, known := s.judged[key]; known {
		return v, nil
	}
	work := queryWork(query)
	if s.work -= work; s.work < 0 || work > maxParsing {
		return Verdict{}, errWork
	}
	v := s.parsed(query, label)
	s.judged[key] = v
	return v, nil
}

func (s *search) parsed(query, label string) Verdict {
	size, err := bound.Query(query)
	if err != nil {
		return Verdict{Answer: Unknown, Kind: QueryUndecided, Reason: "the query is " + err.Error()}
	}
	s.work -= size
	q, byFlags, err := s.traffic.Shape().Parse(query)
	if err != nil {
		s.work -= queryWork(query) // it was parsed twice
		if byFlags {
			return Verdict{Answer: Unknown, Kind: QueryUndecided, Reason: err.Error()}
		}
		return Verdict{Answer: No, Kind: QueryInvalid, Reason: err.Error()}
	}
	if t := q.Expr.Type(); t != parser.ValueTypeVector {
		return Verdict{Answer: No, Kind: QueryNotVector, Reason: fmt.Sprintf("the query gives a %s", parser.DocumentedType(t))}
	}
	s.notes.readQuery(q.Expr)
	if q.Work > maxQueryWork {
		return Verdict{Answer: Unknown, Kind: QueryUndecided, Reason: "the query reads too many samples to be evaluated"}
	}
	runs := 4
	if s.hasty {
		runs = 2
	}
	s.work -= runs * (runWork + q.Work + queryWork(query))
	if s.hasty {
		if s.traffic.Serves(q, label) {
			return Verdict{Answer: Yes, Kind: Served}
		}
		return Verdict{Answer: No, Kind: QueryGivesNothing}
	}
	v := s.evaluated(q, label)
	v.Windows = windows(q.Expr)
	return v
}

// evaluated says what the query gives, and if that is not the latency, why.
func (s *search) evaluated(q sim.Query, label string) Verdict {
	e := s.traffic.Evaluate(q, label)
	v := Verdict{Given: e, Samples: e.Samples}
	switch {
	case e.Outcome == sim.Right:
		v.Answer, v.Kind = Yes, Served
	case e.Outcome == sim.Open:
		v.Answer, v.Kind, v.Reason = Unknown, QueryUndecided, "whether there is a sample depends on values, or on when the query is evaluated"
	case e.Outcome == sim.Wrong && (e.Mixes == sim.None || e.Sometimes):
		v.Answer, v.Kind = Wrong, WrongValue
	case e.Mixes == sim.OtherNamespace:
		v.Answer, v.Kind = No, NamespaceIgnored
	case e.Mixes == sim.OtherService:
		v.Answer, v.Kind = No, ServiceIgnored
	case e.Outcome == sim.Refused:
		v.Answer, v.Kind, v.Reason = No, QueryFails, e.Err.Error()
	default:
		v = s.missing(q, label)
	}
	return v
}

// missing explains why a query has no sample for the Service, by evaluating parts of it
// where the Service is the only one.
func (s *search) missing(q sim.Query, label string) Verdict {
	result, err := s.traffic.Alone(q.Text)
	if err != nil {
		return Verdict{Answer: No, Kind: QueryFails, Reason: err.Error()}
	}
	values := map[string]bool{}
	for _, x := range result {
		values[x.Metric.Get(label)] = true
	}
	delete(values, "")
	dry := s.dry(q.Expr)
	switch {
	case len(values) > 0:
		return Verdict{Answer: No, Kind: OtherObject, Labels: []string{label}, Names: sortedKeys(values)}
	case len(result) > 0:
		return Verdict{Answer: No, Kind: LabelLost, Labels: []string{label}}
	case dry != nil:
		return Verdict{Answer: No, Kind: SelectorMatchesNothing, Mismatch: mismatch(dry.LabelMatchers, s.known())}
	}
	if apart := s.apart(q.Expr); apart != nil {
		return Verdict{Answer: No, Kind: SidesNeverMatch, Reason: apart.String()}
	}
	return Verdict{Answer: No, Kind: QueryGivesNothing}
}

// dry is the first selector that finds nothing.
func (s *search) dry(e parser.Expr) (found *parser.VectorSelector) {
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok && found == nil && !s.traffic.Finds(v.LabelMatchers) {
			found = v
		}
		return nil
	})
	return found
}

// maxParts bounds the operations whose sides are evaluated for an explanation.
const maxParts = 8

// apart is the innermost operation both of whose sides have samples, though none in common.
func (s *search) apart(e parser.Expr) (found *parser.BinaryExpr) {
	var all []*parser.BinaryExpr
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if b, ok := n.(*parser.BinaryExpr); ok && b.VectorMatching != nil && b.Op != parser.LOR && b.Op != parser.LUNLESS {
			all = append(all, b)
		}
		return nil
	})
	some := func(e parser.Expr) bool {
		v, err := s.traffic.Alone(e.String())
		return err == nil && len(v) > 0
	}
	for _, b := range slices.Backward(all[:min(len(all), maxParts)]) {
		if !some(b) && some(b.LHS) && some(b.RHS) && !b.Op.IsComparisonOperator() {
			return b
		}
	}
	return nil
}

// known are the series that selectors find beside those of other objects.
func (s *search) known() []adapterconfig.Series {
	return slices.Concat(s.target.Series, s.recorded)
}
