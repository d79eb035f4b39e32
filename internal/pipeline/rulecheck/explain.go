package rulecheck

import (
	"cmp"
	"maps"
	"slices"

	promlabels "github.com/prometheus/prometheus/model/labels"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// Explain says whether the adapter would answer the request, and if not, why.
// It is decided in the order in which the adapter itself works: the relist,
// the last rule that registers the metric, that rule's query.
func Explain(c *adapterconfig.Config, t Target) Verdict { return explainWith(c, t, nil) }

// explainWith is Explain, and notes by what the verdict depends on names.
func explainWith(c *adapterconfig.Config, t Target, notes *Explanation) Verdict {
	if errs := c.RelistErrors(); len(errs) > 0 {
		i, _ := errs[0].Path.RuleIndex()
		v := verdict(No, RelistFails, i)
		v.Path, v.Reason = errs[0].Path, errs[0].Reason
		return v
	}
	s := newSearch(c, t)
	s.notes = notes
	return s.run()
}

// search looks for the rule that answers a request.
type search struct {
	config *adapterconfig.Config
	target Target
	// services is the resource that is requested.
	services schema.GroupResource
	// objectLabels are labels whose values differ between objects.
	objectLabels map[string]bool
	// traffic is what queries are evaluated over.
	traffic *sim.Traffic
	// ofTarget are the series that Prometheus makes of the scrape, recorded those that it
	// records of the Service.
	ofTarget, recorded []adapterconfig.Series

	pinned []candidate
	misses []candidate
	// notes are taken of what the verdict depends on; nil if nobody wants to know.
	notes *Explanation
	// hasty: only whether the answer is yes matters, not why.
	hasty  bool
	judged map[judgedKey]Verdict
	work   int // that may still be spent on queries
}

func newSearch(c *adapterconfig.Config, t Target) *search {
	s := &search{
		config: c, target: t, services: schema.GroupResource{Resource: "services"},
		traffic: sim.NewTraffic(t.stored(), t.Namespace, t.Service, cmp.Or(t.Engines, &sim.Engines{})),
		judged:  map[judgedKey]Verdict{}, work: maxWork,
	}
	s.objectLabels = objectLabels(s.traffic.Shape())
	s.ofTarget, s.recorded = s.traffic.Series()
	return s
}

// candidate is a rule that may register the metric.
type candidate struct {
	rule *adapterconfig.Rule
	// kind is Served if it registers the metric.
	kind Kind
	// by are the names of the series that register the metric.
	by []string
	// undecided is why it is not known whether they do.
	undecided error
	// series are those that got as far as kind, if it does not register the metric.
	series []adapterconfig.Series
	// meant: the rule's name could give the metric, so it was likely meant to.
	meant bool
}

func (s *search) run() Verdict {
	if s.config.Len() == 0 {
		return s.elsewhere(verdict(No, NoRules, -1))
	}
	if len(s.target.Series) == 0 {
		return verdict(No, NoSeries, -1)
	}
	for _, r := range slices.Backward(s.config.Rules()) {
		if won, ok := s.consider(r); ok {
			return s.winner(won)
		}
	}
	return s.noWinner()
}

// consider sorts a rule into winners, pinned candidates and misses.
func (s *search) consider(r *adapterconfig.Rule) (candidate, bool) {
	s.notes.readRule(r)
	c := s.register(r, s.target.Series, nil)
	if c.kind == Served {
		return c, true
	}
	for _, more := range [][]adapterconfig.Series{s.recorded, s.ofTarget, s.target.Others} {
		if len(more) == 0 {
			continue
		}
		if other := s.register(r, more, nil); other.kind == Served {
			return other, true
		}
	}
	if !s.target.OthersKnown && c.kind == SeriesQueryMatchesNothing {
		if pinned := s.register(r, s.target.Series, s.objectLabels); pinned.kind == Served {
			s.pinned = append(s.pinned, pinned)
		}
	}
	if s.misses == nil {
		s.misses = make([]candidate, 0, s.config.Len())
	}
	s.misses = append(s.misses, c)
	return candidate{}, false
}

// register follows the series that match the rule's seriesQuery, without its
// matchers on the ignored labels, to the metric; the kind is Served or where
// the last of them was lost.
func (s *search) register(r *adapterconfig.Rule, series []adapterconfig.Series, ignored map[string]bool) candidate {
	c := candidate{rule: r, kind: SeriesQueryMatchesNothing}
	selector, ok := r.Selector()
	if !ok {
		return c
	}
	found := matchingSeries(selector, series, ignored)
	var kept, named []adapterconfig.Series
	for _, x := range found {
		metric, ok := r.Metric(x.Name)
		if !ok {
			continue
		}
		kept = append(kept, x)
		if metric != s.target.Metric {
			continue
		}
		named = append(named, x)
		described, err := r.Describes(x, s.services)
		if (described || err != nil) && !slices.Contains(c.by, x.Name) {
			c.by = append(c.by, x.Name)
		}
		c.undecided = cmp.Or(c.undecided, err)
	}
	switch {
	case len(found) == 0:
	case len(kept) == 0:
		c.kind, c.series = SeriesFiltered, found
	case len(named) == 0:
		c.kind, c.series = NameDiffers, kept
	case len(c.by) > 0:
		c.kind = Served
	default:
		c.kind, c.series = ServiceLabelAbsent, named
		if _, err := r.LabelsFor(s.services); err != nil {
			c.kind = ServiceNotMapped
		}
	}
	return c
}

// winner is the verdict about the last rule that registers the metric by series
// that are known.
func (s *search) winner(won candidate) Verdict {
	v := s.judge(won)
	at := won.rule.Index()
	for _, p := range s.pinned {
		if s.hasty = v.Answer == Yes; s.hasty && s.judge(p).Answer == Yes {
			continue
		}
		s.hasty = false
		if later := s.judge(p); later.Answer != v.Answer {
			shadow := verdict(Unknown, RuleShadowed, p.rule.Index())
			shadow.Path, shadow.Earlier = p.rule.Path(), at
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
	s.hasty = true
	for i, r := range slices.Backward(s.config.Rules()[:before]) {
		if s.work < 0 {
			break
		}
		s.notes.readRule(r)
		if c := s.register(r, s.target.Series, nil); c.kind == Served && s.judge(c).Answer == Yes {
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
		v.Path, v.Mismatch = p.rule.Path().Child("seriesQuery"), s.mismatch(p.rule)
		return v
	}
	for i, m := range s.misses {
		s.misses[i].meant = s.meant(m.rule)
	}
	nearest := slices.MaxFunc(s.misses, func(a, b candidate) int { return a.rank() - b.rank() })
	if !nearest.meant {
		if v := s.elsewhere(Verdict{}); v.Kind == ExternalRule {
			return v
		}
	}
	return s.describe(nearest)
}

// meant reports whether the rule's name makes the metric of any series, whether
// or not it matches.
func (s *search) meant(r *adapterconfig.Rule) bool {
	return slices.ContainsFunc(s.target.Series, func(x adapterconfig.Series) bool {
		metric, ok := r.UnfilteredMetric(x.Name)
		return ok && metric == s.target.Metric
	})
}

// rank is higher the nearer a rule comes to registering the metric.
func (c candidate) rank() int {
	rank := slices.Index([]Kind{SeriesQueryMatchesNothing, SeriesFiltered, NameDiffers, ServiceNotMapped, ServiceLabelAbsent}, c.kind)
	if c.meant {
		rank += 10
	}
	return rank
}

func (s *search) describe(c candidate) Verdict {
	v := verdict(No, c.kind, c.rule.Index())
	switch at := c.rule.Path(); c.kind {
	case SeriesQueryMatchesNothing:
		v.Path, v.Mismatch = at.Child("seriesQuery"), s.mismatch(c.rule)
	case SeriesFiltered:
		v.Path = c.rule.Drops(c.series[len(c.series)-1].Name)
	case NameDiffers:
		v.Path, v.Names = at.Child("name"), metrics(c.rule, c.series)
	default:
		v.Path, v.Resources = at.Child("resources"), resources(c.rule, c.series)
		v.Labels, _ = c.rule.LabelsFor(s.services)
	}
	return v
}

// elsewhere looks into externalRules; other is the verdict if they do not
// have the metric either.
func (s *search) elsewhere(other Verdict) Verdict {
	for i, r := range slices.Backward(s.config.ExternalRules()) {
		s.notes.readRule(r)
		switch s.register(r, s.target.Series, nil).kind { // external rules need no mapping
		case Served, ServiceNotMapped, ServiceLabelAbsent:
			v := verdict(No, ExternalRule, i)
			v.Path = r.Path()
			return v
		}
	}
	return other
}

func metrics(r *adapterconfig.Rule, series []adapterconfig.Series) []string {
	set := map[string]bool{}
	for _, s := range series {
		if name, ok := r.Metric(s.Name); ok {
			set[name] = true
		}
	}
	return sortedKeys(set)
}

func resources(r *adapterconfig.Rule, series []adapterconfig.Series) []schema.GroupResource {
	set := map[schema.GroupResource]bool{}
	for _, s := range series {
		found, _ := r.Resources(s)
		for _, gr := range found {
			set[gr] = true
		}
	}
	return slices.SortedFunc(maps.Keys(set), func(a, b schema.GroupResource) int {
		return cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Group, b.Group))
	})
}

// matchingSeries are the series that a selector finds when matchers on the
// ignored labels are left out.
func matchingSeries(matchers []*promlabels.Matcher, series []adapterconfig.Series, ignored map[string]bool) []adapterconfig.Series {
	var out []adapterconfig.Series
	for _, s := range series {
		if !slices.ContainsFunc(matchers, func(m *promlabels.Matcher) bool {
			return !ignored[m.Name] && !m.Matches(valueOf(s, m.Name))
		}) {
			out = append(out, s)
		}
	}
	return out
}
