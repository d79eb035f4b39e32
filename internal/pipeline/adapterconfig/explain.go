package adapterconfig

import (
	"cmp"
	"maps"
	"slices"

	promlabels "github.com/prometheus/prometheus/model/labels"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Explain says whether the adapter would answer the request, and if not, why.
// It is decided in the order in which the adapter itself works: the relist,
// the last rule that makes the metric known, that rule's query.
func (c *Config) Explain(t Target) Verdict {
	if len(c.relist) > 0 {
		v := verdict(No, RelistFails, c.firstBadRelist())
		v.Path, v.Reason = c.relist[0].Path, c.relist[0].Reason
		return v
	}
	t = t.withDefaults()
	return newSearch(c, t).run()
}

func (c *Config) firstBadRelist() int {
	return slices.IndexFunc(c.rules, func(r *rule) bool { return r.selectorErr != nil })
}

// search looks for the rule that answers a request.
type search struct {
	config       *Config
	target       Target
	objectLabels map[string]bool
	// own, foreign and sibling are the target's series as selectors find them.
	own, foreign, sibling []sample

	pinned []candidate
	misses []miss
	judged map[Query]Verdict // by expression and label
	work   int               // that may still be spent on queries
}

func newSearch(c *Config, t Target) *search {
	return &search{
		config: c, target: t, objectLabels: t.objectLabels(),
		own: inputs(t.Series, ofTarget), foreign: inputs(t.Foreign, ofOther), sibling: inputs(t.Sibling, ofOther),
		judged: map[Query]Verdict{}, work: maxWork,
	}
}

// candidate is a rule that makes the metric known.
type candidate struct {
	rule *rule
	// series are the names of the series that register the metric.
	series []string
	// undecided: whether they do is not known.
	undecided error
}

// miss is a rule that does not make the metric known.
type miss struct {
	rule *rule
	// meant: the rule's name could give the metric, so it was likely meant to.
	meant bool
	kind  Kind
	// series are those that got as far as kind.
	series []Series
	// undecided is why it is not known whether series are Served.
	undecided error
}

func (m miss) candidate() candidate { return candidate{m.rule, names(m.series), m.undecided} }

func (s *search) run() Verdict {
	if len(s.config.rules) == 0 {
		return s.elsewhere(verdict(No, NoRules, -1))
	}
	if len(s.target.Series) == 0 {
		return verdict(No, NoSeries, -1)
	}
	for i, r := range slices.Backward(s.config.rules) {
		if won, ok := s.consider(r); ok {
			return s.winner(won, i)
		}
	}
	return s.noWinner()
}

// consider sorts a rule into winners, pinned candidates and misses.
func (s *search) consider(r *rule) (candidate, bool) {
	m := s.register(r, matchingSeries(r.selector, s.target.Series, nil))
	if m.kind == Served {
		return m.candidate(), true
	}
	if len(s.target.Others) > 0 {
		if o := s.register(r, matchingSeries(r.selector, s.target.Others, nil)); o.kind == Served {
			return o.candidate(), true
		}
	}
	if !s.target.OthersKnown && m.kind == SeriesQueryMatchesNothing {
		p := s.register(r, matchingSeries(r.selector, s.target.Series, s.objectLabels))
		if p.kind == Served {
			s.pinned = append(s.pinned, p.candidate())
		}
	}
	s.misses = append(s.misses, m)
	return candidate{}, false
}

// register follows series, which match the rule's seriesQuery, to the key of
// the metric; the kind is Served or where the last of them was lost.
func (s *search) register(r *rule, series []Series) miss {
	m := miss{rule: r, kind: SeriesQueryMatchesNothing}
	var kept, named, mapped []Series
	for _, x := range series {
		metric, ok := r.metric(x.Name)
		if !ok {
			continue
		}
		kept = append(kept, x)
		if metric != s.target.Metric {
			continue
		}
		named = append(named, x)
		described, err := r.mapping.describes(x, services)
		if described || err != nil {
			mapped = append(mapped, x)
			m.undecided = cmp.Or(m.undecided, err)
		}
	}
	switch {
	case len(series) == 0:
	case len(kept) == 0:
		m.kind, m.series = SeriesFiltered, series
	case len(named) == 0:
		m.kind, m.series = NameDiffers, kept
	case len(mapped) == 0:
		m.kind, m.series = s.unmappedKind(r), named
	default:
		m.kind, m.series = Served, mapped
	}
	return m
}

func (s *search) unmappedKind(r *rule) Kind {
	if _, err := r.mapping.labelsFor(services); err != nil {
		return ServiceNotMapped
	}
	return ServiceLabelAbsent
}

// meant tries the names of all series, whether or not they match.
func (s *search) meant(r *rule) bool {
	return slices.ContainsFunc(s.target.Series, func(x Series) bool {
		metric, ok := r.naming.metric(x.Name)
		return ok && metric == s.target.Metric
	})
}

func (s *search) winner(won candidate, at int) Verdict {
	v := s.judge(won)
	for _, p := range s.pinned {
		if later := s.judge(p); later.Answer != v.Answer {
			shadow := verdict(Unknown, RuleShadowed, p.rule.index)
			shadow.Path, shadow.Earlier = rulePath(p.rule.index), at
			shadow.Query, shadow.Reason = later.Query, string(later.Kind)
			return shadow
		}
	}
	if v.Answer == No {
		v.Earlier = s.earlier(at)
	}
	return v
}

// earlier finds the rule that would answer if the ones after it were gone.
func (s *search) earlier(before int) int {
	for i, r := range slices.Backward(s.config.rules[:before]) {
		if s.work < 0 {
			break
		}
		m := s.register(r, matchingSeries(r.selector, s.target.Series, nil))
		if m.kind == Served && s.judge(m.candidate()).Answer == Yes {
			return i
		}
	}
	return -1
}

func (s *search) noWinner() Verdict {
	if len(s.pinned) > 0 {
		p := s.pinned[0]
		v := s.judge(p)
		if v.Answer != Yes {
			return v
		}
		v.Answer, v.Kind = Unknown, RulePinned
		v.Path = rulePath(p.rule.index) + ".seriesQuery"
		v.Mismatch = mismatch(p.rule.selector, s.target.Series)
		return v
	}
	for i, m := range s.misses {
		s.misses[i].meant = s.meant(m.rule)
	}
	nearest := slices.MinFunc(s.misses, func(a, b miss) int { return b.rank() - a.rank() })
	if !nearest.meant {
		if v := s.elsewhere(Verdict{}); v.Kind == ExternalRule {
			return v
		}
	}
	return s.describe(nearest)
}

// rank is higher the nearer a rule comes to making the metric known.
func (m miss) rank() int {
	rank := slices.Index([]Kind{SeriesQueryMatchesNothing, SeriesFiltered, NameDiffers, ServiceNotMapped, ServiceLabelAbsent}, m.kind)
	if m.meant {
		rank += 10
	}
	return rank
}

func (s *search) describe(m miss) Verdict {
	v := verdict(No, m.kind, m.rule.index)
	v.Path = rulePath(m.rule.index)
	switch m.kind {
	case SeriesQueryMatchesNothing:
		v.Path += ".seriesQuery"
		v.Mismatch = mismatch(m.rule.selector, s.target.Series)
	case SeriesFiltered:
		v.Path = m.rule.dropper(m.series[len(m.series)-1].Name)
	case NameDiffers:
		v.Path += ".name"
		v.Names = m.rule.metrics(m.series)
	default:
		v.Path += ".resources"
		v.Resources = m.rule.mapping.all(m.series)
		v.Labels, _ = m.rule.mapping.labelsFor(services)
	}
	return v
}

// elsewhere looks into externalRules; other is the verdict if they do not
// have the metric either.
func (s *search) elsewhere(other Verdict) Verdict {
	for i, r := range slices.Backward(s.config.external) {
		if r.selectorErr != nil {
			continue
		}
		m := s.register(r, matchingSeries(r.selector, s.target.Series, nil))
		switch m.kind { // external rules need no mapping
		case Served, ServiceNotMapped, ServiceLabelAbsent:
			v := verdict(No, ExternalRule, i)
			v.Path = externalPath(i)
			return v
		}
	}
	return other
}

// dropper is the path of the filter that drops a series.
func (r *rule) dropper(series string) string {
	for _, f := range r.filters {
		if !f.accepts(series) {
			return f.path
		}
	}
	return rulePath(r.index) + ".name.matches"
}

func (r *rule) metrics(series []Series) []string {
	set := map[string]bool{}
	for _, s := range series {
		if name, ok := r.metric(s.Name); ok {
			set[name] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

func (m *mapping) all(series []Series) []schema.GroupResource {
	set := map[schema.GroupResource]bool{}
	for _, s := range series {
		resources, _ := m.ofSeries(s)
		for _, gr := range resources {
			set[gr] = true
		}
	}
	return slices.SortedFunc(maps.Keys(set), func(a, b schema.GroupResource) int {
		return cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Group, b.Group))
	})
}

// names lists the distinct names of series, in their order.
func names(series []Series) []string {
	var out []string
	for _, s := range series {
		if !slices.Contains(out, s.Name) {
			out = append(out, s.Name)
		}
	}
	return out
}

// matchingSeries are the series that a selector finds when matchers on the
// ignored labels are left out.
func matchingSeries(matchers []*promlabels.Matcher, series []Series, ignored map[string]bool) []Series {
	var out []Series
	for _, s := range series {
		if !slices.ContainsFunc(matchers, func(m *promlabels.Matcher) bool {
			return !ignored[m.Name] && !m.Matches(s.label(m.Name))
		}) {
			out = append(out, s)
		}
	}
	return out
}
