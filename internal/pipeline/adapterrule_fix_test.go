package pipeline

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// chartDocument are entries that look like those of prometheus-adapter's chart
// with rules.default: it is recognized by their six queries.
var chartDocument = strings.Repeat(`- seriesQuery: '{__name__=~"^container_.*",container!="POD",namespace!="",pod!=""}'
  resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}
  metricsQuery: sum(rate(<<.Series>>{<<.LabelMatchers>>}[5m])) by (<<.GroupBy>>)
`, 3) + strings.Repeat(`- seriesQuery: '{namespace!="",__name__!~"^container_.*"}'
  resources: {template: <<.Resource>>}
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
`, 3)

// others are rules of somebody else.
const others = `# rules of the shop
- seriesQuery: 'shop_orders_total' # one a second
  resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}
  metricsQuery: >-
    sum(rate(<<.Series>>{<<.LabelMatchers>>}[5m]))
    by (<<.GroupBy>>)
`

// fixedDocument applies the fix of the one finding and is the configuration after it.
func fixedDocument(t *testing.T, a *Adapter, fix string) string {
	t.Helper()
	var object struct {
		Metadata struct{ Namespace, Name string }
		Data     map[string]string
		Rules    struct{ Custom []any }
	}
	if err := yaml.Unmarshal([]byte(fix), &object); err != nil {
		t.Fatalf("read the fix: %v\n%s", err, fix)
	}
	if a.HelmRelease != "" {
		return generator.AdapterConfig(object.Rules.Custom...)
	}
	if object.Metadata.Namespace != a.ConfigMap.Namespace || object.Metadata.Name != a.ConfigMap.Name {
		t.Errorf("a fix for %+v, not for %s", object.Metadata, a.ConfigMap)
	}
	return object.Data[a.Key]
}

// Whatever is wrong with the rules, the fix of the finding ends it.
func TestAdapterFixes(t *testing.T) {
	documents := map[string]string{
		"no document":           "",
		"no rules":              "rules:\n",
		"rules of others":       "rules:\n" + others,
		"rules as JSON":         `{"rules": [{"seriesQuery": "up", "metricsQuery": "up"}]}`,
		"flow style":            "rules: [{seriesQuery: up, metricsQuery: up}]\n",
		"external rule":         edited(t, "rules:", "externalRules:"),
		"short name":            edited(t, "resource: service\n", "resource: svc\n"),
		"bad neighbour":         edited(t) + "- seriesQuery: up\n  name: {matches: '(['}\n" + others,
		"bad neighbour alone":   "rules:\n- seriesQuery: up\n  name: {matches: '(['}\n" + others,
		"unknown key":           edited(t, textName, "  serieFilters: []\n"+textName),
		"neighbour of no query": edited(t) + "- metricsQuery: up\n" + others,
		"later duplicate":       edited(t) + another(t, textBy, "sum by exported_service") + others,
		"no by":                 edited(t, textBy, "sum") + others,
		"another name":          edited(t, textAs, "    as: other\n") + others,
		"two labels":            edited(t, textLabel, "      service:\n        resource: service\n"+textLabel),
		"the chart's own rules": "rules:\n" + chartDocument + others,
		"an anchor":             "rules:\n- seriesQuery: &q up\n  metricsQuery: *q\n",
		"pinned":                edited(t, `kubernetes_namespace!=""`, `kubernetes_namespace="prod"`),
		"braces":                edited(t, "<<.LabelMatchers>>", "{{.LabelMatchers}}"),
		"not aggregated":        edited(t, textBy, ""),
	}
	for name, document := range documents {
		for _, release := range []string{"", "prometheus-adapter"} {
			t.Run(name+"/"+release, func(t *testing.T) {
				s := goodSnapshot()
				s.Adapter.HelmRelease = release
				configure(&s.Adapter, document)
				found := Evaluate(s, goodSubject)
				if len(found) != 1 {
					t.Fatalf("want one finding, got %v", found)
				}
				fix := render.Fix(found[0].Fix)
				if name == "an anchor" {
					if !strings.Contains(fix, "# Put this at the end of") || !strings.HasSuffix(fix, generator.AdapterRuleYAML(generator.Rule{})) {
						t.Errorf("want the rule alone, got\n%s", fix)
					}
					return
				}
				configure(&s.Adapter, fixedDocument(t, &s.Adapter, fix))
				if left := Evaluate(s, goodSubject); len(left) > 0 {
					t.Errorf("after the fix\n%s\nis left: %v", fix, left)
				}
				if kept := strings.Contains(document, "shop_orders_total"); kept != strings.Contains(s.Adapter.Document, "shop_orders_total") {
					t.Errorf("the rules of others were not kept:\n%s", fix)
				}
			})
		}
	}
}

// The whole text of a fix: what stays is written as before, what is left out can
// be read.
func TestAdapterFixText(t *testing.T) {
	rule := "    " + strings.ReplaceAll(strings.TrimSuffix(generator.AdapterRuleYAML(generator.Rule{}), "\n"), "\n", "\n    ") + "\n"
	s := goodSnapshot()
	s.Adapter.HelmRelease = ""
	configure(&s.Adapter, "# ours\nrules:\n"+others+"- seriesQuery: up\n  name: {matches: '(['} # broken\n")
	want := `# The adapter reads its configuration only once; restart it afterwards:
#   kubectl -n prometheus rollout restart deployment/prometheus-adapter
# Left out is rules[1], for rules[1].name.matches: "([": ` + matchesReason(t, s.Adapter.ParseError) + `
#   - seriesQuery: up
#     name: {matches: '(['} # broken
apiVersion: v1
data:
  config.yaml: |
    # ours
    rules:
    # rules of the shop
    - seriesQuery: 'shop_orders_total' # one a second
      resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}
      metricsQuery: >-
        sum(rate(<<.Series>>{<<.LabelMatchers>>}[5m])) by (<<.GroupBy>>)
` + rule + `kind: ConfigMap
metadata:
  name: prometheus-adapter
  namespace: prometheus
`
	if diff := cmp.Diff(want, render.Fix(evaluateAdapter(s, goodSubject, Scraped{})[0].Fix)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func matchesReason(t *testing.T, err error) string {
	t.Helper()
	mistakes := adapterMistakes(err)
	if len(mistakes) != 1 {
		t.Fatalf("want one mistake, got %v", err)
	}
	return oneLine(mistakes[0].Reason)
}

// A rule of another window is mended with its own.
func TestAdapterFixKeepsTheWindow(t *testing.T) {
	for window, want := range map[string]string{"60s:10s": "60s:10s", "5m": "5m", "2m:": "2m:", "90s:30s": "1m30s:30s"} {
		s := goodSnapshot()
		configure(&s.Adapter, edited(t, "60s:10s", window, textBy, "sum"))
		found := Evaluate(s, goodSubject)
		if len(found) != 1 || !strings.Contains(render.Fix(found[0].Fix), "["+want+"]))\n") {
			t.Errorf("%s: got %v\n%s", window, found, render.Fix(found[0].Fix))
		}
	}
}

// What cannot be written as YAML is one line.
func TestAdapterFixSentence(t *testing.T) {
	for name, tt := range map[string]struct{ document, says string }{
		"no YAML":        {"rules: [", "Correct the document in key config.yaml"},
		"external rule":  {edited(t) + "externalRules:\n- seriesFilters: [{}]\n", "Correct externalRules[0].seriesFilters[0]"},
		"resource rules": {edited(t) + "resourceRules: {cpu: {containerQuery: '<<'}}\n", "Correct resourceRules.cpu.containerQuery"},
	} {
		s := goodSnapshot()
		configure(&s.Adapter, tt.document)
		found := Evaluate(s, goodSubject)
		if len(found) != 1 || !strings.Contains(render.Fix(found[0].Fix), tt.says) || strings.Contains(render.Fix(found[0].Fix), "\n") {
			t.Errorf("%s: got %+v", name, found)
		}
	}
}

// Labels that are not known make no error of what would be one.
func TestAdapterRuleWithUnknownLabels(t *testing.T) {
	known := scrapedGood(t)
	for name, tt := range map[string]struct {
		document string
		want     *finding.Reason
	}{
		"good":                  {edited(t), nil},
		"depends on the labels": {edited(t, textLabel, "      service_name:\n"), AdapterRuleUndecided},
		"does not":              {edited(t, textBy, "sum by exported_service"), AdapterRuleQueryBroken},
	} {
		s := goodSnapshot()
		configure(&s.Adapter, tt.document)
		var got *finding.Reason
		for _, f := range evaluateAdapter(s, goodSubject, Scraped{Series: known, Known: false}) {
			got = f.Reason
		}
		if got != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
	found := evaluateAdapter(goodSnapshot(), goodSubject, Scraped{})
	if len(found) != 1 || found[0].Reason != AdapterRuleUndecided {
		t.Errorf("without series: got %v", found)
	}
}

// Hostile configurations make no long message.
func TestAdapterMessagesAreBounded(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	for name, document := range map[string]string{
		"many mistakes": "rules:\n" + strings.Repeat("- seriesFilters: [{}]\n", 1000),
		"long query":    edited(t, textBy, "sum", "<<.LabelMatchers>>", "<<.LabelMatchers>>,l!=\""+long+"\""),
		"long regexp":   edited(t, textAs, textAs+"    matches: '("+long+"'\n"),
		"long label":    edited(t, "exported_service:", long+":"),
		"long name":     edited(t, textAs, "    as: "+long+"\n"),
	} {
		s := goodSnapshot()
		configure(&s.Adapter, document)
		for _, f := range Evaluate(s, goodSubject) {
			if len(f.Message) > 5_000 {
				t.Errorf("%s: a message of %d bytes", name, len(f.Message))
			}
		}
	}
}

// A configuration too long to be repeated is mended by the rule alone.
func TestAdapterFixOfLongDocument(t *testing.T) {
	s := goodSnapshot()
	configure(&s.Adapter, edited(t, textAs, "    as: other\n")+strings.Repeat(others, 200))
	s.Adapter.HelmRelease = ""
	found := Evaluate(s, goodSubject)
	want := "# Put this at the end of the list rules in key config.yaml of ConfigMap prometheus/prometheus-adapter.\n" +
		"# The adapter reads its configuration only once; restart it afterwards:\n#   kubectl -n prometheus rollout restart deployment/prometheus-adapter\n" + generator.AdapterRuleYAML(generator.Rule{Metric: annotations.DefaultMetric})
	if len(found) != 1 || render.Fix(found[0].Fix) != want {
		t.Errorf("got %+v", found)
	}
}

// scrapedGood is what is scraped in the good snapshot.
func scrapedGood(t testing.TB) []adapterconfig.Series {
	t.Helper()
	scraped, found := evaluateScrape(goodSnapshot(), goodSubject)
	if len(found) > 0 || len(scraped.Series) == 0 || !scraped.Known {
		t.Fatalf("got %+v, %v", scraped, found)
	}
	return scraped.Series
}
