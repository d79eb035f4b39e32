package rulecheck

import (
	"github.com/prometheus/common/model"
	promlabels "github.com/prometheus/prometheus/model/labels"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// mismatch is why the rule's seriesQuery finds none of the target's series.
func (s *search) mismatch(r *adapterconfig.Rule) *Mismatch {
	selector, _ := r.Selector()
	return mismatch(selector, s.target.Series)
}

// mismatch finds the series that a selector comes nearest to, of the right
// name if there are any, and the matcher that refuses them.
func mismatch(matchers []*promlabels.Matcher, series []adapterconfig.Series) *Mismatch {
	out := &Mismatch{Selector: selectorText(matchers)}
	near := matchingSeries(onName(matchers, true), series, nil)
	if len(near) == 0 {
		out.Names = nameMatchers(matchers)
		return out.of(onName(matchers, true), series)
	}
	return out.of(onName(matchers, false), near)
}

func nameMatchers(matchers []*promlabels.Matcher) []NameMatcher {
	var out []NameMatcher
	for _, m := range onName(matchers, true) {
		out = append(out, NameMatcher{m.Type, m.Value})
	}
	return out
}

// of fills in the matcher that refuses the most of the series, the first of
// equals.
func (m *Mismatch) of(matchers []*promlabels.Matcher, series []adapterconfig.Series) *Mismatch {
	most := 0
	for _, x := range matchers {
		refused, have := 0, map[string]bool{}
		for _, s := range series {
			if value := valueOf(s, x.Name); !x.Matches(value) {
				refused++
				have[value] = true
			}
		}
		if refused > most {
			most = refused
			m.Label, m.Matcher, m.Have = x.Name, x.String(), sortedKeys(have)
		}
	}
	return m
}

func onName(matchers []*promlabels.Matcher, name bool) []*promlabels.Matcher {
	var out []*promlabels.Matcher
	for _, m := range matchers {
		if (m.Name == model.MetricNameLabel) == name {
			out = append(out, m)
		}
	}
	return out
}
