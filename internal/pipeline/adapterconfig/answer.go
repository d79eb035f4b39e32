package adapterconfig

import (
	"cmp"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

// choice is one way in which a rule can ask for a metric. Rules with the same
// query and the same choice get the same answer.
type choice struct {
	query          *goTemplate
	label, nsLabel string
	series         string
}

// answer is that of [search.judge], without the reasons: many rules may have
// to be asked for it.
func (s *search) answer(c candidate) Answer {
	labels, nsLabels, v := s.choices(c.rule)
	if v != nil {
		return v.Answer
	}
	var known, unknown Answer
	for _, label := range labels {
		for _, nsLabel := range nsLabels {
			a := s.answerChoice(c, label, nsLabel)
			switch {
			case s.work < 0:
				return Unknown
			case a == Unknown:
				unknown = a
			case known != "" && a != known:
				return No
			default:
				known = a
			}
		}
	}
	return cmp.Or(unknown, known)
}

func (s *search) answerChoice(c candidate, label, nsLabel string) Answer {
	key := choice{c.rule.query, label, nsLabel, strings.Join(c.series, "\x00")}
	if a, ok := s.answers[key]; ok {
		return a
	}
	a, ok := s.answerPrepared(c, label, nsLabel)
	if !ok {
		a = s.judgeChoice(c, label, nsLabel).Answer
	}
	s.answers[key] = a
	return a
}

// answerPrepared answers by the rule's prepared query, if it has one that fits
// the request.
func (s *search) answerPrepared(c candidate, label, nsLabel string) (Answer, bool) {
	p := c.rule.query.prepared
	if p == nil {
		return "", false
	}
	b, size, ok := s.binding(label, nsLabel)
	if !ok || p.size+p.lists*size > maxOutput {
		return "", false
	}
	if !s.spend(p.work()) {
		return Unknown, true
	}
	if p.expr.Type() != parser.ValueTypeVector {
		return No, !p.named || len(c.series) == 1
	}
	if p.named {
		if len(c.series) > 1 {
			return No, true // each makes another query
		}
		if b, ok = b.forSeries(c.series[0]); !ok {
			return "", false
		}
	}
	return s.follow(p.expr, label, b).Answer, true
}

// binding is made once for each choice of labels; size is that of the
// matchers' text.
func (s *search) binding(label, nsLabel string) (b *binding, size int, ok bool) {
	key := [2]string{label, nsLabel}
	known, seen := s.bindings[key]
	if !seen {
		matchers, _, err := s.request(label, nsLabel).matchers()
		if err == nil && s.spend(bindingWork) {
			known.size = len(strings.Join(matchers, ","))
			known.b, known.ok = bind(label, matchers)
		}
		s.bindings[key] = known
	}
	return known.b, known.size, known.ok
}

// bindingWork is the work of making a binding.
const bindingWork = 100

type bound struct {
	b    *binding
	size int
	ok   bool
}
