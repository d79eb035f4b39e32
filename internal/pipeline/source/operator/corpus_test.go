package operator_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/adapterrule"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/internal/pipeline/rulecheck"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
	"github.com/kong-latency/kong-latency/internal/pipeline/source/operator"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// recorded is a configuration of prometheus-adapter 0.12.0 and what the real one answered
// while default/echo had requests of 102 ms, other/echo of 7 ms and default/web of 500 ms.
type recorded struct {
	Name     string
	Endpoint struct {
		HonorLabels                    bool
		Relabelings, MetricRelabelings []monitoringv1.RelabelConfig
	}
	Service, Namespace, Metric, Config, Real, Note string
	Selector                                       *string
	Knative, Listed                                bool
}

// latency is what the Service's requests took while the answers were recorded.
const latency = 102

func (r recorded) subject() pipeline.Subject {
	s := pipelinetest.Subject
	s.Service = r.Service
	if r.Namespace != "" {
		s.Namespace = r.Namespace
	}
	if r.Metric != "" {
		s.Metric = r.Metric
	}
	return s
}

func (r recorded) snapshot() *pipeline.Snapshot {
	s := pipelinetest.Good()
	s.Prometheuses.Items[0].Spec.ScrapeInterval = "5s"
	ep := pipelinetest.TheEndpoint(s)
	ep.HonorLabels, ep.RelabelConfigs, ep.MetricRelabelConfigs = r.Endpoint.HonorLabels, r.Endpoint.Relabelings, r.Endpoint.MetricRelabelings
	resources := adapterconfig.CoreResources
	if r.Knative {
		resources = pipelinetest.Knative()
	}
	pipelinetest.ConfigureWith(&s.Adapter, r.Config, resources)
	s.Extensions.Items = append(s.Extensions.Items, pipeline.Extension{Namespace: "default", Name: "others", Services: []string{"web", "idle"}, Latency: true},
		pipeline.Extension{Namespace: "other", Name: "kong", Services: []string{"echo"}, Latency: true})
	if strings.Contains(r.Note, "records") {
		s.RecordingRules = pipeline.KnownSet(recording())
		s.Prometheuses.Items[0].Spec.RuleSelector = &metav1.LabelSelector{}
	}
	return s
}

// recording are the rules that the Prometheus had where the note says so.
func recording() pipeline.RecordingRules {
	rate := func(name string) string {
		return "sum by (exported_namespace, exported_service) (rate(kong_upstream_latency_ms_" + name + "[1m]))"
	}
	return pipeline.RecordingRules{Namespace: "prometheus", Name: "kong", Records: []sim.Record{
		{Name: "kong:upstream_latency_ms:avg60s", Expr: rate("sum") + " / " + rate("count")},
		{Name: "kong:upstream_latency_ms_sum:rate1m", Expr: rate("sum")},
		{Name: "kong:upstream_latency_ms_count:rate1m", Expr: rate("count")},
	}}
}

// value is the number that was served; false if none was.
func (r recorded) value() (float64, bool) {
	text, found := strings.CutPrefix(r.Real, "VALUE ")
	if !found {
		return 0, false
	}
	text, _, _ = strings.Cut(text, " ")
	scale := 1.0
	if milli, cut := strings.CutSuffix(text, "m"); cut {
		text, scale = milli, 1000
	}
	v, err := strconv.ParseFloat(text, 64)
	return v / scale, err == nil
}

// right reports whether the value is the Service's latency: its average, or, of buckets
// with the bounds 100 and 200, a quantile. Where the metric is not listed, it is that of
// a metric of another name.
func (r recorded) right() bool {
	v, ok := r.value()
	quantile := strings.Contains(r.Config, "histogram_quantile")
	return ok && r.Listed && (math.Abs(v-latency) < 0.01 || quantile && v > 100 && v <= 200)
}

// judged are the severities of what is found about the scrape and the rule, and the
// sentences.
func (r recorded) judged() (severities map[finding.Severity]bool, sentences []string) {
	severities = map[finding.Severity]bool{}
	s := r.snapshot()
	c := pipeline.NewCase(operator.Source{}, s, r.subject())
	if r.Selector != nil {
		selector, err := labels.Parse(*r.Selector)
		if err != nil { // the API server refuses an HPA with it
			severities[finding.Error] = true
			return severities, []string{err.Error()}
		}
		stored := servicemonitor.Scraped(c).Stored
		v := rulecheck.Explain(s.Adapter.Config, rulecheck.Target{
			Metric: c.Subject.Metric, Namespace: c.Subject.Namespace, Service: c.Subject.Service,
			Selector: selector, Series: stored.Series, Shape: stored.Shape,
		})
		severities[finding.Error], severities[finding.Unknown] = v.Answer == rulecheck.No, v.Answer == rulecheck.Unknown
		severities[finding.Warning] = v.Answer == rulecheck.Wrong
		return severities, []string{string(v.Kind)}
	}
	for _, step := range pipeline.Diagnose(operator.Source{}, s, r.subject()).Steps {
		if step.Hop != servicemonitor.Hop && step.Hop != adapterrule.Hop {
			continue
		}
		for _, f := range step.Findings {
			severities[f.Severity] = true
			sentences = append(sentences, fmt.Sprintf("%s: %s", f.Reason.Name, f.Message))
		}
	}
	return severities, sentences
}

func corpus(t *testing.T) []recorded {
	t.Helper()
	text, err := os.ReadFile("testdata/adapter.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []recorded
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// What is said about a configuration agrees with what the real prometheus-adapter made of
// it: never that it works where it does not, nor the other way round, and a number that
// means something else is not passed over.
func TestTheRealAdapter(t *testing.T) {
	unknown := 0
	cases := corpus(t)
	for _, r := range cases {
		t.Run(r.Name, func(t *testing.T) {
			_, served := r.value()
			said, sentences := r.judged()
			switch {
			case r.Service == "nosuch":
				// A Service without traffic has no value, whatever the configuration is. Traffic
				// is assumed, so that it is judged as one that has some.
				if served || said[finding.Error] {
					t.Errorf("the real one answered %s: %s", r.Real, sentences)
				}
			case said[finding.Error] && r.right():
				t.Errorf("false no: the real one served %s: %s", r.Real, sentences)
			case said[finding.Error]:
			case said[finding.Unknown]:
				unknown++
				t.Logf("undecided: the real one answered %s: %s", r.Real, sentences)
			case !served:
				t.Errorf("false yes: the real one answered %s: %s", r.Real, sentences)
			case !said[finding.Warning] && !r.right():
				t.Errorf("wrong meaning not noticed: the real one served %s", r.Real)
			}
		})
	}
	if most := len(cases) / 50; unknown > most {
		t.Errorf("%d of %d are undecided, want at most %d", unknown, len(cases), most)
	}
}

// What is found out once for all Services is what is found out for each.
func TestAnyServiceIsJudgedLikeEach(t *testing.T) {
	shared, cases := 0, corpus(t)
	for _, r := range cases {
		var memory rulecheck.Memory
		s := r.snapshot()
		if s.Adapter.Config == nil {
			continue
		}
		for _, subject := range []pipeline.Subject{r.subject(), {Namespace: "team-a", Service: "shop", Metric: r.subject().Metric}, {Namespace: "other", Service: "echo", Metric: r.subject().Metric}} {
			stored := servicemonitor.Scraped(pipeline.NewCase(operator.Source{}, s, subject)).Stored
			if !stored.Ordinary(subject.Namespace, subject.Service) {
				continue
			}
			any, ok := memory.Any(s.Adapter.Config, subject.Metric, stored.Shape).For(subject.Namespace, subject.Service)
			if !ok {
				continue
			}
			shared++
			this := rulecheck.Explain(s.Adapter.Config, rulecheck.Target{
				Metric: subject.Metric, Namespace: subject.Namespace, Service: subject.Service, Series: stored.Series, Shape: stored.Shape,
			})
			if any.Kind != this.Kind || any.Rule != this.Rule || any.Query != this.Query || any.Reason != this.Reason || !slices.Equal(any.Names, this.Names) || fmt.Sprint(any.Given.Value) != fmt.Sprint(this.Given.Value) {
				t.Errorf("%s, %v: any is %+v, this %+v", r.Name, subject, any, this)
			}
		}
	}
	if shared < 2*len(cases) {
		t.Errorf("only %d of %d verdicts are found out once for all", shared, 3*len(cases))
	}
}
