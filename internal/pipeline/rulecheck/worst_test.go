package rulecheck

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// entry is one rule; what is empty is that of the seed's rule.
type entry struct {
	series, filters, resources, naming, query string
}

const (
	seedSeries    = `{__name__=~"^kong_upstream_latency_ms_(sum|count)",kubernetes_namespace!="",kubernetes_name!="",kubernetes_kind!=""}`
	seedResources = `{overrides: {exported_namespace: {resource: namespace}, exported_service: {resource: service}}}`
	seedNaming    = `{as: ` + seedMetric + `}`
	seedQuery     = `sum by (exported_service) (rate(kong_upstream_latency_ms_sum{<<.LabelMatchers>>}[60s:10s])) / sum by (exported_service) (rate(kong_upstream_latency_ms_count{<<.LabelMatchers>>}[60s:10s]))`
)

func (e entry) String() string {
	return fmt.Sprintf("- {seriesQuery: '%s', seriesFilters: [%s], resources: %s, name: %s, metricsQuery: '%s'}\n",
		cmp.Or(e.series, seedSeries), e.filters, cmp.Or(e.resources, seedResources), cmp.Or(e.naming, seedNaming), cmp.Or(e.query, seedQuery))
}

// pinnedTo is the seed's seriesQuery for the i-th other namespace.
func pinnedTo(i int) string {
	return strings.Replace(seedSeries, `kubernetes_namespace!=""`, fmt.Sprintf("kubernetes_namespace=%q", fmt.Sprintf("team-%d", i)), 1)
}

// words are n alternatives of a regular expression, all different for each i.
func words(n, i int) string {
	list := make([]string, n)
	for j := range list {
		list[j] = fmt.Sprintf("w%d%s%d", j*7919%97, string(rune('a'+j%26)), i+j)
	}
	return strings.Join(list, "|")
}

// chain is a long query; op stands between its selectors.
func chain(n int, op string) string {
	return "sum by (exported_service) (" + strings.Repeat("kong_upstream_latency_ms_sum{<<.LabelMatchers>>}"+op, n-1) + "kong_upstream_latency_ms_sum{<<.LabelMatchers>>})"
}

// worst are configurations of up to 1 MB that give the evaluation the most
// work, each by another part of it. A rule is one of `rules`; n is 2,000
// where nothing is said.
var worst = map[string]struct {
	n    int
	rule func(i int) entry
	kind Kind
}{
	"pinned": {
		rule: func(i int) entry {
			if i == 0 {
				return entry{}
			}
			return entry{series: pinnedTo(i)}
		},
		kind: Served,
	},
	"pinned, each with its own query": {
		rule: func(i int) entry {
			e := entry{query: fmt.Sprintf("%s + 0 * %d", seedQuery, i+1)}
			if i > 0 {
				e.series = pinnedTo(i)
			}
			return e
		},
		kind: Served,
	},
	"pinned, each with its own labels": {
		rule: func(i int) entry {
			if i == 0 {
				return entry{}
			}
			return entry{series: pinnedTo(i), resources: fmt.Sprintf(`{overrides: {exported_namespace: {resource: namespace}, exported_service: {resource: service}, x%d: {resource: pod}}}`, i)}
		},
		kind: Served,
	},
	"broken": {
		rule: func(int) entry { return entry{query: "sum(" + seedQuery + ")"} },
		kind: LabelLost,
	},
	"broken, each in its own way": {
		rule: func(i int) entry { return entry{query: fmt.Sprintf("sum(%s) * %d", seedQuery, i+1)} },
		kind: LabelLost,
	},
	"no PromQL, each in its own way": {
		rule: func(i int) entry { return entry{query: fmt.Sprintf("%s + %d)", seedQuery, i)} },
		kind: QueryInvalid,
	},
	"conditional templates": {
		rule: func(i int) entry {
			return entry{query: fmt.Sprintf("<<if .LabelMatchers>>sum(%s) * %d<<end>>", seedQuery, i+1)}
		},
		kind: LabelLost,
	},
	"template mapping of another label": {
		rule: func(int) entry { return entry{resources: `{template: kubernetes_<<.Resource>>}`} },
		kind: ServiceLabelAbsent,
	},
	"template mapping": {
		rule: func(i int) entry {
			return entry{resources: `{template: exported_<<.Resource>>}`, query: "sum(" + seedQuery + ")"}
		},
		kind: LabelLost,
	},
	"template mapping, each its own": {
		rule: func(i int) entry {
			return entry{resources: fmt.Sprintf(`{template: "(?:exported_|x%d)<<.Resource>>"}`, i), query: "sum(" + seedQuery + ")"}
		},
		kind: QueryInvalid,
	},
	"several labels for each resource": {
		n: 1200,
		rule: func(i int) entry {
			var o []string
			for j := range 8 {
				o = append(o, fmt.Sprintf("n%d_%d: {resource: namespace}, s%d_%d: {resource: service}", i, j, i, j))
			}
			return entry{series: "kong_upstream_latency_ms_sum", resources: `{overrides: {exported_service: {resource: service}, ` + strings.Join(o[:7], ", ") + `}}`, query: `sum(kong{<<.LabelMatchers>>})`}
		},
		kind: SelectorMatchesNothing,
	},
	"alternations in seriesQuery": {
		rule: func(i int) entry {
			return entry{series: `{__name__=~"kong_(` + words(40, i) + `).*"}`, query: "up"}
		},
		kind: SeriesQueryMatchesNothing,
	},
	"alternations around anything in seriesQuery": {
		rule: func(i int) entry {
			return entry{series: `{__name__=~".*(` + words(40, i) + `).*"}`, query: "up"}
		},
		kind: SeriesQueryMatchesNothing,
	},
	"alternations in name.matches": {
		rule: func(i int) entry {
			return entry{naming: `{matches: "(` + words(25, i) + `|kong_upstream_latency)", as: $1}`, query: "up"}
		},
		kind: NameDiffers,
	},
	"alternations in name.matches that may give the name": {
		rule: func(i int) entry {
			return entry{naming: `{matches: "(` + words(25, i) + `|kong_upstream)", as: "${1}_latency_ms_60s_average"}`, query: "sum(" + seedQuery[:91] + ")"}
		},
		kind: LabelLost,
	},
	"alternations in filters": {
		rule: func(i int) entry {
			return entry{filters: `{isNot: "(` + words(20, i) + `)$"}, {is: "(` + words(20, i) + `)"}`, query: "up"}
		},
		kind: SeriesFiltered,
	},
	"repetitions in filters": {
		rule: func(i int) entry {
			return entry{filters: fmt.Sprintf(`{isNot: "[a-z]*[0-9]{%d}[a-z]"}, {is: "(a|b)*c[k-z]*%d"}`, i%50+1, i)}
		},
		kind: SeriesFiltered,
	},
	"names by groups": {
		rule: func(i int) entry {
			return entry{naming: fmt.Sprintf(`{matches: "^(.*)_(sum|count)$", as: "${1}_60s_average_%d"}`, i)}
		},
		kind: NameDiffers,
	},
	"long queries": {
		n:    250,
		rule: func(i int) entry { return entry{query: fmt.Sprintf("sum(%s) * %d", chain(50, " + "), i+1)} },
		kind: LabelLost,
	},
	"long comparisons": {
		n:    250,
		rule: func(i int) entry { return entry{query: fmt.Sprintf("sum(%s) * %d", chain(50, " == "), i+1)} },
		kind: LabelLost,
	},
	"longest queries": {
		n:    40,
		rule: func(i int) entry { return entry{query: fmt.Sprintf("sum(%s) * %d", chain(320, " + "), i+1)} },
		kind: LabelLost,
	},
	"short, deep queries": {
		n:    250,
		rule: func(i int) entry { return entry{query: "1" + strings.Repeat("+1", 1800) + fmt.Sprintf("+%d", i)} },
		kind: QueryNotVector,
	},
}

func worstDocument(n int, rule func(int) entry) string {
	var b strings.Builder
	b.WriteString("rules:\n")
	for i := range cmp.Or(n, 2000) {
		b.WriteString(rule(i).String())
	}
	return b.String()
}

// worstTarget knows of no further series, as admission does.
func worstTarget() Target {
	target := echo()
	target.OthersKnown = false
	return target
}

func BenchmarkWorst(b *testing.B) {
	for _, name := range slices.Sorted(maps.Keys(worst)) {
		b.Run(name, func(b *testing.B) {
			c := mustParse(b, worstDocument(worst[name].n, worst[name].rule))
			target := worstTarget()
			for b.Loop() {
				Explain(c, target)
			}
		})
	}
}

// explain is Explain, and fails the test if more queries were parsed and followed than
// maxWork allows.
func explain(t testing.TB, c *adapterconfig.Config, target Target) Verdict {
	t.Helper()
	v := Explain(c, target)
	if len(c.RelistErrors()) > 0 {
		return v
	}
	s := newSearch(c, target)
	if again := s.run(); again.Kind != v.Kind || again.Rule != v.Rule || again.Query != v.Query {
		t.Fatalf("not repeatable: %+v, %+v", v, again)
	}
	work := 0
	for q := range s.judged {
		work += queryWork(q.expr)
	}
	if work > maxWork {
		t.Errorf("%d queries of %d units of work were followed, want at most %d", len(s.judged), work, maxWork)
	}
	return v
}

// allocations returns how often explaining allocates, the measure of its work that is
// the same on every machine.
func allocations(c *adapterconfig.Config, target Target) int {
	return int(testing.AllocsPerRun(1, func() { Explain(c, target) }))
}

func TestWorst(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(worst)) {
		w := worst[name]
		t.Run(name, func(t *testing.T) {
			doc := worstDocument(w.n, w.rule)
			if len(doc) < 1<<19 || len(doc) > 3<<19 {
				t.Errorf("the configuration has %d bytes", len(doc))
			}
			c := mustParse(t, doc)
			if v := explain(t, c, worstTarget()); v.Kind != w.kind {
				t.Errorf("got %+v", v)
			}
			if n := allocations(c, worstTarget()); n > maxWork {
				t.Errorf("%d allocations, want at most one for each unit of the work that is allowed", n)
			}
		})
	}
}

// However many rules there are, the one that differs is found.
func TestAmongMany(t *testing.T) {
	broken := "sum(" + seedQuery + ")"
	for _, own := range []bool{false, true} {
		query := func(i int, q string) string {
			if own {
				return fmt.Sprintf("%s + 0 * %d", q, i+1)
			}
			return q
		}
		v := Explain(mustParse(t, worstDocument(2000, func(i int) entry {
			switch i {
			case 0:
				return entry{}
			case 7:
				return entry{series: pinnedTo(i), query: broken}
			default:
				return entry{series: pinnedTo(i), query: query(i, seedQuery)}
			}
		})), worstTarget())
		if v.Kind != RuleShadowed || v.Rule != 7 || v.Earlier != 0 || v.Reason != string(LabelLost) {
			t.Errorf("own queries %v: got %+v", own, v)
		}
		v = Explain(mustParse(t, worstDocument(2000, func(i int) entry {
			if i == 7 {
				return entry{}
			}
			return entry{query: query(i, broken)}
		})), worstTarget())
		if v.Kind != LabelLost || v.Rule != 1999 || v.Earlier != 7 {
			t.Errorf("own queries %v: got %+v", own, v)
		}
	}
}

// What there is no time for is not known, rather than good.
func TestTooMuchWork(t *testing.T) {
	query := func(i int) string {
		return fmt.Sprintf("%s + 0 * (1%s + %d)", seedQuery, strings.Repeat("+1", 1000), i)
	}
	v := Explain(mustParse(t, worstDocument(200, func(i int) entry {
		if i == 0 {
			return entry{}
		}
		return entry{series: pinnedTo(i), query: query(i)}
	})), worstTarget())
	if v.Answer != Unknown || v.Kind != RuleShadowed || v.Reason != string(QueryUndecided) {
		t.Errorf("got %+v", v)
	}
	v = Explain(mustParse(t, "rules:\n"+entry{query: "1" + strings.Repeat("+1", 5000)}.String()), worstTarget())
	if v.Answer != Unknown || v.Kind != QueryUndecided || v.Reason == "" {
		t.Errorf("got %+v", v)
	}
}
