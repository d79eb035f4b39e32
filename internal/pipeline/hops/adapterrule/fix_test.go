package adapterrule_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/adapterrule"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
	"github.com/kong-latency/kong-latency/internal/pipeline/source/operator"
	"github.com/kong-latency/kong-latency/internal/pipeline/text"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// others are rules of somebody else.
const others = `# rules of the shop
- seriesQuery: 'shop_orders_total' # one a second
  resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}
  metricsQuery: >-
    sum(rate(<<.Series>>{<<.LabelMatchers>>}[5m]))
    by (<<.GroupBy>>)
`

// fixedDocument applies the fix of the one finding and is the configuration after it.
func fixedDocument(t *testing.T, a *pipeline.Adapter, fix string) string {
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
		"external rule":         pipelinetest.Edited(t, "rules:", "externalRules:"),
		"short name":            pipelinetest.Edited(t, "resource: service\n", "resource: svc\n"),
		"bad neighbour":         pipelinetest.Edited(t) + "- seriesQuery: up\n  name: {matches: '(['}\n" + others,
		"bad neighbour alone":   "rules:\n- seriesQuery: up\n  name: {matches: '(['}\n" + others,
		"unknown key":           pipelinetest.Edited(t, pipelinetest.TextName, "  serieFilters: []\n"+pipelinetest.TextName),
		"neighbour of no query": pipelinetest.Edited(t) + "- metricsQuery: up\n" + others,
		"later duplicate":       pipelinetest.Edited(t) + pipelinetest.Another(t, pipelinetest.TextBy, "sum by exported_service") + others,
		"no by":                 pipelinetest.Edited(t, pipelinetest.TextBy, "sum") + others,
		"another name":          pipelinetest.Edited(t, pipelinetest.TextAs, "    as: other\n") + others,
		"two labels":            pipelinetest.Edited(t, pipelinetest.TextLabel, "      service:\n        resource: service\n"+pipelinetest.TextLabel),
		"the chart's own rules": "rules:\n" + pipelinetest.ChartDocument + others,
		"an anchor":             "rules:\n- seriesQuery: &q up\n  metricsQuery: *q\n",
		"pinned":                pipelinetest.Edited(t, `kubernetes_namespace!=""`, `kubernetes_namespace="prod"`),
		"braces":                pipelinetest.Edited(t, "<<.LabelMatchers>>", "{{.LabelMatchers}}"),
		"not aggregated":        pipelinetest.Edited(t, pipelinetest.TextBy, ""),
	}
	for name, document := range documents {
		for _, release := range []string{"", "prometheus-adapter"} {
			t.Run(name+"/"+release, func(t *testing.T) {
				s := pipelinetest.Good()
				s.Adapter.HelmRelease = release
				pipelinetest.Configure(&s.Adapter, document)
				found := evaluate(s)
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
				pipelinetest.Configure(&s.Adapter, fixedDocument(t, &s.Adapter, fix))
				if left := evaluate(s); len(left) > 0 {
					t.Errorf("after the fix\n%s\nis left: %v", fix, left)
				}
				if kept := strings.Contains(document, "shop_orders_total"); kept != strings.Contains(s.Adapter.Document, "shop_orders_total") {
					t.Errorf("the rules of others were not kept:\n%s", fix)
				}
			})
		}
	}
}

// The whole text of a fix: what stays is written as before, what is broken stays as a
// comment.
func TestAdapterFixText(t *testing.T) {
	rule := "    " + strings.ReplaceAll(strings.TrimSuffix(generator.AdapterRuleYAML(generator.Rule{}), "\n"), "\n", "\n    ") + "\n"
	s := pipelinetest.Good()
	s.Adapter.HelmRelease = ""
	pipelinetest.Configure(&s.Adapter, "# of this cluster\nrules:\n"+others+"- seriesQuery: up\n  name: {matches: '(['} # broken\n")
	want := `# The adapter reads its configuration only once; restart it afterwards:
#   kubectl -n prometheus rollout restart deployment/prometheus-adapter
# Commented out is rules[1], for rules[1].name.matches: "([": ` + matchesReason(t, s.Adapter.ParseError) + `
apiVersion: v1
data:
  config.yaml: |
    # of this cluster
    rules:
    # rules of the shop
    - seriesQuery: 'shop_orders_total' # one a second
      resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}
      metricsQuery: >-
        sum(rate(<<.Series>>{<<.LabelMatchers>>}[5m])) by (<<.GroupBy>>)
    # Commented out: rules[1].name.matches: "([": ` + matchesReason(t, s.Adapter.ParseError) + `
    # - seriesQuery: up
    #   name: {matches: '(['} # broken
` + rule + `kind: ConfigMap
metadata:
  name: prometheus-adapter
  namespace: prometheus
`
	if diff := cmp.Diff(want, render.Fix(judge(s, pipeline.Scrape{})[0].Fix)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func matchesReason(t *testing.T, err error) string {
	t.Helper()
	mistakes := adapterrule.MistakesOf(err)
	if len(mistakes) != 1 {
		t.Fatalf("want one mistake, got %v", err)
	}
	return text.OneLine(mistakes[0].Reason)
}

// A rule of another window is fixed with its own.
func TestAdapterFixKeepsTheWindow(t *testing.T) {
	for window, want := range map[string]string{"60s:10s": "60s:10s", "5m": "5m", "2m:": "2m:", "90s:30s": "1m30s:30s"} {
		s := pipelinetest.Good()
		pipelinetest.Configure(&s.Adapter, pipelinetest.Edited(t, "60s:10s", window, pipelinetest.TextBy, "sum"))
		found := evaluate(s)
		if len(found) != 1 || !strings.Contains(render.Fix(found[0].Fix), "["+want+"]))\n") {
			t.Errorf("%s: got %v\n%s", window, found, render.Fix(found[0].Fix))
		}
	}
}

// What cannot be written as YAML is one line.
func TestAdapterFixSentence(t *testing.T) {
	for name, tt := range map[string]struct{ document, says string }{
		"no YAML":        {"rules: [", "Correct the document in key config.yaml"},
		"external rule":  {pipelinetest.Edited(t) + "externalRules:\n- seriesFilters: [{}]\n", "Correct externalRules[0].seriesFilters[0]"},
		"resource rules": {pipelinetest.Edited(t) + "resourceRules: {cpu: {containerQuery: '<<'}}\n", "Correct resourceRules.cpu.containerQuery"},
	} {
		s := pipelinetest.Good()
		pipelinetest.Configure(&s.Adapter, tt.document)
		found := evaluate(s)
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
		"good":                  {pipelinetest.Edited(t), nil},
		"depends on the labels": {pipelinetest.Edited(t, pipelinetest.TextLabel, "      service_name:\n"), adapterrule.Undecided},
		"does not":              {pipelinetest.Edited(t, pipelinetest.TextBy, "sum by exported_service"), adapterrule.QueryBroken},
	} {
		s := pipelinetest.Good()
		pipelinetest.Configure(&s.Adapter, tt.document)
		var got *finding.Reason
		for _, f := range judge(s, pipeline.Scrape{Stored: sim.Stored{Series: known}}) {
			got = f.Reason
		}
		if got != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
	found := judge(pipelinetest.Good(), pipeline.Scrape{})
	if len(found) != 1 || found[0].Reason != adapterrule.Undecided {
		t.Errorf("without series: got %v", found)
	}
}

// Hostile configurations make no long message.
func TestAdapterMessagesAreBounded(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	for name, document := range map[string]string{
		"many mistakes": "rules:\n" + strings.Repeat("- seriesFilters: [{}]\n", 1000),
		"long query":    pipelinetest.Edited(t, pipelinetest.TextBy, "sum", "<<.LabelMatchers>>", "<<.LabelMatchers>>,l!=\""+long+"\""),
		"long regexp":   pipelinetest.Edited(t, pipelinetest.TextAs, pipelinetest.TextAs+"    matches: '("+long+"'\n"),
		"long label":    pipelinetest.Edited(t, "exported_service:", long+":"),
		"long name":     pipelinetest.Edited(t, pipelinetest.TextAs, "    as: "+long+"\n"),
	} {
		s := pipelinetest.Good()
		pipelinetest.Configure(&s.Adapter, document)
		for _, f := range evaluate(s) {
			if len(f.Message) > 5_000 {
				t.Errorf("%s: a message of %d bytes", name, len(f.Message))
			}
		}
	}
}

// A configuration too long to be repeated is fixed by the rule alone.
func TestAdapterFixOfLongDocument(t *testing.T) {
	s := pipelinetest.Good()
	pipelinetest.Configure(&s.Adapter, pipelinetest.Edited(t, pipelinetest.TextAs, "    as: other\n")+strings.Repeat(others, 200))
	s.Adapter.HelmRelease = ""
	found := evaluate(s)
	want := "# Put this at the end of the list rules in key config.yaml of ConfigMap prometheus/prometheus-adapter.\n" +
		"# The adapter reads its configuration only once; restart it afterwards:\n#   kubectl -n prometheus rollout restart deployment/prometheus-adapter\n" + generator.AdapterRuleYAML(generator.Rule{Metric: annotations.DefaultMetric})
	if len(found) != 1 || render.Fix(found[0].Fix) != want {
		t.Errorf("got %+v", found)
	}
}

// scrapedGood is what is scraped in the good snapshot.
func scrapedGood(t testing.TB) []adapterconfig.Series {
	t.Helper()
	scraped := servicemonitor.Scraped(pipeline.NewCase(operator.Source{}, pipelinetest.Good(), pipelinetest.Subject))
	if len(scraped.Findings) > 0 || len(scraped.Series) == 0 || !scraped.Known {
		t.Fatalf("got %+v", scraped)
	}
	return scraped.Series
}

// evaluate is what all hops find.
func evaluate(s *pipeline.Snapshot) []finding.Finding {
	return pipeline.Diagnose(operator.Source{}, s, pipelinetest.Subject).Findings()
}

// judge is what the hop finds if this is scraped.
func judge(s *pipeline.Snapshot, scraped pipeline.Scrape) []finding.Finding {
	hop := adapterrule.New(func(*pipeline.Case) *pipeline.Scrape { return &scraped })
	return hop.Judge(pipeline.NewCase(operator.Source{}, s, pipelinetest.Subject)).Findings
}
