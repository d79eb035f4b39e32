package rulecheck

import (
	"fmt"
	"slices"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/bound"
)

// judgeQuery judges a query once, however many rules make it. The error says
// that there is no time left for it.
func (s *search) judgeQuery(query, label string) (Verdict, error) {
	key := adapterconfig.Query{Expr: query, Label: label}
	if v, known := s.judged[key]; known {
		return v, nil
	}
	if s.work -= queryWork(query); s.work < 0 {
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
	expr, byFlags, err := parseQuery(query)
	if err != nil {
		s.work -= queryWork(query) // it was parsed twice
		if byFlags {
			return Verdict{Answer: Unknown, Kind: QueryUndecided, Reason: err.Error()}
		}
		return Verdict{Answer: No, Kind: QueryInvalid, Reason: err.Error()}
	}
	if t := expr.Type(); t != parser.ValueTypeVector {
		return Verdict{Answer: No, Kind: QueryNotVector, Reason: fmt.Sprintf("the query gives a %s", parser.DocumentedType(t))}
	}
	v := s.follow(expr, label)
	v.Windows = windows(expr)
	return v
}

// follow evaluates the query over the Service's own series, and then again
// beside series that must not get into its value.
func (s *search) follow(expr parser.Expr, label string) Verdict {
	own := &flow{series: s.own}
	result := own.eval(expr)
	if own.failure != nil {
		return Verdict{Answer: No, Kind: QueryFails, Reason: own.failure.Error()}
	}
	hits := result.of(label, s.target.Service)
	if len(hits) == 0 {
		return s.noHit(own, result, label)
	}
	if !slices.ContainsFunc(hits, func(h sample) bool { return !h.maybe }) {
		return Verdict{Answer: Unknown, Kind: QueryUndecided, Reason: "whether there is a sample depends on values"}
	}
	if s.mixes(expr, label, own, s.foreign) {
		return Verdict{Answer: No, Kind: NamespaceIgnored}
	}
	if s.mixes(expr, label, own, s.sibling) {
		return Verdict{Answer: No, Kind: ServiceIgnored}
	}
	return Verdict{Answer: Yes, Kind: Served, Samples: len(hits)}
}

// mixes reports whether others get into the Service's value. Without any that
// a selector finds, the result is that of the Service's own series.
func (s *search) mixes(expr parser.Expr, label string, own *flow, others []sample) bool {
	if !own.finds(others) {
		return false
	}
	both := &flow{series: slices.Concat(s.own, others)}
	result := both.eval(expr)
	return both.failure != nil || slices.ContainsFunc(result.of(label, s.target.Service), func(h sample) bool { return h.from&ofOther != 0 })
}

// of are the samples that the adapter regards as the object's.
func (v vector) of(label, name string) []sample {
	var out []sample
	for _, s := range v.samples {
		if s.labels.get(label) == name {
			out = append(out, s)
		}
	}
	return out
}

func (s *search) noHit(f *flow, result vector, label string) Verdict {
	values := map[string]bool{}
	for _, x := range result.samples {
		values[x.labels.get(label)] = true
	}
	delete(values, "")
	switch {
	case result.open:
		return Verdict{Answer: Unknown, Kind: QueryUndecided, Reason: "the query uses functions whose labels are not followed"}
	case len(values) > 0:
		return Verdict{Answer: No, Kind: OtherObject, Labels: []string{label}, Names: sortedKeys(values)}
	case len(result.samples) > 0:
		return Verdict{Answer: No, Kind: LabelLost, Labels: []string{label}}
	case len(f.dry) > 0:
		return Verdict{Answer: No, Kind: SelectorMatchesNothing, Mismatch: mismatch(f.dry[0].LabelMatchers, s.target.Series)}
	case len(f.apart) > 0:
		return Verdict{Answer: No, Kind: SidesNeverMatch, Reason: f.apart[0].String()}
	default:
		return Verdict{Answer: No, Kind: QueryGivesNothing}
	}
}
