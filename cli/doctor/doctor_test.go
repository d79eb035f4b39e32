package doctor

import (
	"bufio"
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/cli/live"
	"github.com/kong-latency/kong-latency/cli/plugin"
	"github.com/kong-latency/kong-latency/cli/term"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/extension"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/metricsapi"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/prometheus"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/route"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/series"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/internal/pipeline/source"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-golden +got; rewrite with -update)\n%s", name, diff)
	}
}

// monitorFix applies a ServiceMonitor.
func monitorFix() finding.Fix {
	return finding.Apply(&unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor",
		"metadata": map[string]any{"namespace": "kong-system", "name": "kong-operator-metrics"},
	}})
}

// sample has a hop in each state.
func sample() []Report {
	broken := Report{Namespace: "default", Object: "Deployment default/echo", Plan: "HPA echo: kong_upstream_latency_ms_60s_average of Service echo at 40 ms, 1-10 replicas"}
	broken.add(Settings, nil, []string{"enabled by an annotation of the Deployment"}, "")
	broken.add(extension.Hop, nil, []string{"ControlPlane default/kong refers to DataPlaneMetricsExtension default/kong", "DataPlaneMetricsExtension default/kong names Service echo and enables latency"}, "")
	broken.add(route.Hop, []finding.Finding{route.Undercounted.On(finding.Object{Kind: "HTTPRoute", Namespace: "default", Name: "echo"}, "2 routes lead to Service echo")}, nil, "")
	broken.add(servicemonitor.Hop, []finding.Finding{
		servicemonitor.NotFound.On(finding.Object{Kind: "Service", Namespace: "kong-system", Name: "kong-operator-metrics"}, "no ServiceMonitor selects it").WithFix(monitorFix()),
	}, nil, "")
	broken.add(prometheus.Hop, nil, nil, "it depends on the ServiceMonitor")
	broken.add(series.Hop, []finding.Finding{
		series.SeriesMissing.On(finding.Object{Kind: "Service", Namespace: "default", Name: "echo"}, "there is no value").Suggest("Send traffic to Service echo."),
	}, nil, "")
	good := Report{Namespace: "shop", Object: "Deployment shop/cart"}
	good.add(Settings, nil, []string{"enabled by an annotation of the Service"}, "")
	return []Report{broken, good}
}

func TestText(t *testing.T) {
	for name, tc := range map[string]text{
		"words.txt":  {},
		"glyphs.txt": {glyphs: true, style: term.Colored()},
	} {
		var out bytes.Buffer
		tc.out = &out
		if err := tc.reports(sample()); err != nil {
			t.Fatal(err)
		}
		golden(t, name, out.String())
	}
}

func TestDocuments(t *testing.T) {
	for name, output := range map[string]string{"report.json": outputJSON, "report.yaml": outputYAML} {
		var out bytes.Buffer
		o := Options{Output: output, plugin: plugin.New(genericiooptions.IOStreams{Out: &out}, nil)}
		if err := o.print(sample()); err != nil {
			t.Fatal(err)
		}
		golden(t, name, out.String())
	}
}

// What --fix prints can be applied as it is: words stand in comments, and every object
// comes once.
func TestPrintFixes(t *testing.T) {
	reports := append(sample(), sample()...)
	var out bytes.Buffer
	if err := printFixes(&out, fixes(reports)); err != nil {
		t.Fatal(err)
	}
	golden(t, "fix.yaml", out.String())
	if got := manifests(out.String()); len(got) != 1 || nameOf(got[0]) != "servicemonitor.monitoring.coreos.com/kong-operator-metrics in kong-system" {
		t.Errorf("kubectl would apply %v", got)
	}
}

// deployment is an enabled workload whose plan is not known.
func deployment() *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "echo"}}
}

func subject() *pipeline.Subject {
	return &pipeline.Subject{Namespace: "default", Service: "echo", Metric: "m"}
}

// With no rights at all every hop is "?", and nothing is broken.
func TestWithoutRightsNothingIsBroken(t *testing.T) {
	unreadable := func() series.Reading {
		return series.Reading{State: pipeline.Unreadable, Why: "forbidden", From: "it"}
	}
	s := &pipeline.Snapshot{MetricsAPI: pipeline.MetricsAPI{State: pipeline.Unreadable, Why: "forbidden"}, Adapter: pipeline.Adapter{State: pipeline.Unreadable, Why: "forbidden"}}
	r := diagnose(Facts{
		Workload:   live.Workload{Deployment: deployment(), Resolution: plan.Resolution{Enabled: true}, Subject: subject()},
		Pipeline:   pipeline.Diagnose(source.Default(), s, *subject()),
		Measured:   series.Measured{Query: unreadable(), Targets: unreadable(), API: unreadable()},
		HPAsUnread: "listing them is forbidden",
	})
	if r.Broken != "" {
		t.Errorf("%s is broken", r.Broken)
	}
	if len(r.Hops) != 2+len(source.Hops()) {
		t.Errorf("got %d hops", len(r.Hops))
	}
	for _, h := range r.Hops[1:] {
		if h.State != Unknown {
			t.Errorf("%s is %s: %v", h.Hop, h.State, h.Findings)
		}
	}
}

// An API that gives a value is there, whether or not its registration may be read.
func TestAnAnswerIsEvidence(t *testing.T) {
	s := &pipeline.Snapshot{MetricsAPI: pipeline.MetricsAPI{State: pipeline.Unreadable, Why: "forbidden"}}
	f := Facts{
		Workload: live.Workload{Deployment: deployment(), Resolution: plan.Resolution{Enabled: true}, Subject: subject()},
		Pipeline: pipeline.Diagnose(source.Default(), s, *subject()),
		Measured: series.Measured{API: series.Reading{State: pipeline.Known, Value: ptr.To(3.5), From: "the API"}},
	}
	r := diagnose(f)
	for _, hop := range []*finding.Hop{metricsapi.Hop, series.Hop} {
		if got := r.hop(hop.Name); got.State != OK {
			t.Errorf("%s is %s: %v", hop, got.State, got.Findings)
		}
	}
}

func TestAWorkloadThatDoesNotAsk(t *testing.T) {
	r := diagnose(Facts{Workload: live.Workload{Deployment: deployment()}})
	settings := r.hop(Settings.Name)
	if r.Broken != Settings.Name || settings.Findings[0].Reason != "NotEnabled" || !strings.HasPrefix(settings.Findings[0].Fix, "kubectl latency set deployment/echo -n default") {
		t.Errorf("got %+v", settings)
	}
	for _, h := range r.Hops[1:] {
		if h.State != Unknown {
			t.Errorf("%s is %s", h.Hop, h.State)
		}
	}
}

func TestAnAPIServiceForTheOneAdapter(t *testing.T) {
	service := func(name string) corev1.Service {
		return corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: "prometheus", Name: name},
			Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 443}}},
		}
	}
	missing := []finding.Finding{metricsapi.NotRegistered.On(finding.Object{Kind: "APIService", Name: "x"}, "x").Suggest("Install it.")}
	one := Facts{AdapterServices: []corev1.Service{service("prometheus-adapter")}}.withAPIService(missing)
	got := objectsOf(one[0].Fix)
	if len(got) != 1 || nameOf(got[0]) != "apiservice.apiregistration.k8s.io/v1beta1.custom.metrics.k8s.io" {
		t.Errorf("got %v of\n%s", got, render.Fix(one[0].Fix))
	}
	golden(t, "apiservice.yaml", render.Fix(one[0].Fix))
	for _, several := range [][]corev1.Service{nil, {service("prometheus-adapter"), service("my-prometheus-adapter")}} {
		if got := (Facts{AdapterServices: several}).withAPIService(missing); got[0].Fix.Summary != "Install it." {
			t.Errorf("of %d Services one was chosen", len(several))
		}
	}
	if s := service("grafana"); isAdapterService(&s) {
		t.Error("mistakes anything for the adapter")
	}
}

// manifests are the objects that kubectl would apply of a text.
func manifests(text string) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	reader := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for {
		document, err := reader.Read()
		if err != nil {
			break // io.EOF: reading from a string fails in no other way
		}
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &o.Object); err != nil {
			return nil
		}
		if len(o.Object) == 0 {
			continue // comments alone
		}
		if o.GetAPIVersion() == "" || o.GetKind() == "" || o.GetName() == "" {
			return nil
		}
		out = append(out, o)
	}
	return out
}

// Upstream of what was seen to work nothing is broken: it is inferred, and what was measured
// outweighs it.
func TestNothingIsBrokenUpstreamOfAValue(t *testing.T) {
	s := pipelinetest.Good()
	s.ServiceMonitors.Items, s.Extensions.Items = nil, nil
	pipelinetest.Configure(&s.Adapter, "rules: []\n")
	of := func(v float64) series.Reading { return series.Reading{State: pipeline.Known, Value: &v, From: "it"} }
	value := of(3.5)
	none := series.Reading{State: pipeline.Known, From: "it", Says: "404"}
	for name, tc := range map[string]struct {
		measured series.Measured
		broken   []string
	}{
		"nothing measured":      {series.Measured{}, []string{"extension", "service-monitor", "adapter-rule"}},
		"a value of the API":    {series.Measured{API: value}, nil},
		"no requests":           {series.Measured{Query: of(math.NaN()), API: of(0)}, []string{"extension", "service-monitor", "adapter-rule"}},
		"a value in Prometheus": {series.Measured{Query: value, API: none}, []string{"adapter-rule", "series"}},
	} {
		r := diagnose(Facts{
			Workload: live.Workload{Deployment: deployment(), Resolution: plan.Resolution{Enabled: true}, Subject: &pipelinetest.Subject},
			Pipeline: pipeline.Diagnose(source.Default(), s, pipelinetest.Subject), Measured: tc.measured,
		})
		var broken []string
		for _, h := range r.Hops[1 : len(r.Hops)-1] {
			if h.State == Broken {
				broken = append(broken, h.Hop)
			}
		}
		if diff := cmp.Diff(tc.broken, broken); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
