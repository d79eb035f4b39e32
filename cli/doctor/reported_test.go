package doctor

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/cli/live"
	"github.com/kong-latency/kong-latency/cli/plugin"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/series"
	"github.com/kong-latency/kong-latency/internal/pipeline/source"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
	"github.com/kong-latency/kong-latency/internal/status"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// told is what a controller reports that misses a ServiceMonitor.
func told() *status.Report {
	since := metav1.NewTime(noon.Add(-time.Hour))
	hop := func(name string, state v1alpha1.HopState, evidence string, findings ...v1alpha1.HopFinding) v1alpha1.HopStatus {
		return v1alpha1.HopStatus{Hop: name, State: state, LastTransitionTime: since, Evidence: evidence, Findings: findings}
	}
	la := &v1alpha1.LatencyAutoscaler{Status: v1alpha1.LatencyAutoscalerStatus{
		Plan: &v1alpha1.AutoscalerPlan{
			TargetMilliseconds: "40", Service: pipelinetest.Subject.Service, MinReplicas: 2, MaxReplicas: 20, Autoscaler: "echo",
			Metrics: []v1alpha1.PlannedMetric{{Name: pipelinetest.Subject.Metric}}, EnabledBy: "Deployment", Policy: "frame",
		},
		Current: &v1alpha1.AutoscalerCurrent{ObservedTime: metav1.NewTime(noon)},
		Pipeline: []v1alpha1.HopStatus{
			hop("settings", v1alpha1.HopProven, ""),
			hop("extension", v1alpha1.HopProven, "ControlPlane default/kong refers to it"),
			hop("route", v1alpha1.HopProven, "rule 0 of HTTPRoute default/echo sends traffic to it"),
			hop("service-monitor", v1alpha1.HopBroken, "", v1alpha1.HopFinding{
				Reason: "ServiceMonitorNotFound", Severity: "Error", Object: "Service kong-system/kong-operator-metrics", Message: "no ServiceMonitor selects it",
				Fix: "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\n",
			}),
			hop("prometheus", v1alpha1.HopUnknown, "it depends on the ServiceMonitor"),
			hop("adapter-rule", v1alpha1.HopProven, "rules[0] makes the metric"),
			hop("metrics-api", v1alpha1.HopProven, "the APIService is available"),
			hop("series", v1alpha1.HopWarning, "", v1alpha1.HopFinding{Reason: "SomeNewReason", Severity: "Warning", Object: "Service default/echo", Message: "it has no value"}),
			hop("autoscaler", v1alpha1.HopBroken, "", v1alpha1.HopFinding{Reason: "AutoscalerFails", Severity: "Error", Object: "x", Message: "x"}),
		},
	}}
	la.Namespace, la.Name = "default", "echo"
	la.OwnerReferences = []metav1.OwnerReference{{Kind: "Deployment", UID: "u-x", Controller: ptr.To(true)}}
	return status.ReportOf(la, "u-x")
}

// viewed are the facts of somebody who may only read the namespace, where the autoscaler is
// not attached.
func viewed() Facts {
	on := finding.Object{Kind: "Deployment", Namespace: "default", Name: "echo"}
	forbidden := series.Reading{State: pipeline.Unreadable, Why: "forbidden", From: "it"}
	s := &pipeline.Snapshot{MetricsAPI: pipeline.MetricsAPI{State: pipeline.Unreadable, Why: "forbidden"}, Adapter: pipeline.Adapter{State: pipeline.Unreadable, Why: "forbidden"}}
	return Facts{
		Workload: live.Workload{
			Deployment: deployment(), Subject: &pipelinetest.Subject, Reported: told(),
			Resolution: plan.Resolution{Enabled: true, EnabledBy: plan.ByDeployment, Findings: []finding.Finding{policy.PolicyUnknown.On(on, "forbidden")}},
		},
		Pipeline:   pipeline.Diagnose(source.Default(), s, pipelinetest.Subject),
		Measured:   series.Measured{Query: forbidden, Targets: forbidden, API: forbidden},
		HPAsUnread: "forbidden",
	}
}

// statesOf are state and origin of each hop.
func statesOf(r Report) []string {
	var out []string
	for _, h := range r.Hops {
		out = append(out, strings.TrimRight(h.Hop+" "+string(h.State)+" "+h.ReportedBy, " "))
	}
	return out
}

func TestWhatMayNotBeReadIsReported(t *testing.T) {
	r := diagnose(viewed())
	want := []string{
		"settings ok controller", "extension ok controller", "route ok controller", "service-monitor broken controller", "prometheus unknown",
		"adapter-rule ok controller", "metrics-api ok controller", "series warning controller", "autoscaler broken controller",
	}
	if diff := cmp.Diff(want, statesOf(r)); diff != "" {
		t.Error(diff)
	}
	if r.Broken != "service-monitor" || r.Observed == nil {
		t.Errorf("broken is %q, observed at %v", r.Broken, r.Observed)
	}
	var words, yaml, fix bytes.Buffer
	if err := (&text{out: &words}).reports([]Report{r}); err != nil {
		t.Fatal(err)
	}
	golden(t, "viewer.txt", words.String())
	o := Options{Output: outputYAML, plugin: plugin.New(genericiooptions.IOStreams{Out: &yaml}, nil)}
	if err := o.print([]Report{r}); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.viewer.yaml", yaml.String())
	// Nothing is applied because a status says so.
	if err := printFixes(&fix, fixes([]Report{r})); err != nil {
		t.Fatal(err)
	}
	golden(t, "viewer-fix.yaml", fix.String())
	if got := manifests(fix.String()); len(got) != 0 {
		t.Errorf("kubectl would apply %v", got)
	}
}

// What somebody can read or measure himself outweighs what was reported.
func TestWhatIsReadOutweighsTheReport(t *testing.T) {
	f := viewed()
	s := pipelinetest.Good()
	s.Adapter = pipeline.Adapter{State: pipeline.Unreadable, Why: "forbidden"}
	f.Pipeline = pipeline.Diagnose(source.Default(), s, pipelinetest.Subject)
	r := diagnose(f)
	if got := r.hop("service-monitor"); got.State != OK || got.ReportedBy != "" {
		t.Errorf("a ServiceMonitor that was read is %s by %s", got.State, got.ReportedBy)
	}
	if got := r.hop("adapter-rule"); got.State != OK || got.ReportedBy != live.Controller {
		t.Errorf("the adapter's rules, which were not read, are %s by %s", got.State, got.ReportedBy)
	}

	f = viewed()
	f.Measured.API = series.Reading{State: pipeline.Known, Value: ptr.To(3.5), From: "the API"}
	r = diagnose(f)
	for _, h := range r.Hops[1:8] {
		if h.State != OK || h.ReportedBy != "" {
			t.Errorf("with a value %s is %s by %q", h.Hop, h.State, h.ReportedBy)
		}
	}
}

// Of what is broken by what was read, the hops behind it stay unknown: the report may be
// from before.
func TestAReportFromBefore(t *testing.T) {
	f := viewed()
	s := pipelinetest.Good()
	s.ServiceMonitors.Items = nil
	s.Adapter = pipeline.Adapter{State: pipeline.Unreadable, Why: "forbidden"}
	f.Pipeline = pipeline.Diagnose(source.Default(), s, pipelinetest.Subject)
	r := diagnose(f)
	if got := r.hop("service-monitor"); got.State != Broken || got.ReportedBy != "" {
		t.Errorf("the ServiceMonitor is %s by %q", got.State, got.ReportedBy)
	}
	if got := r.hop("prometheus"); got.State != Unknown {
		t.Errorf("prometheus is %s: %v", got.State, got.Evidence)
	}
}

// An autoscaler that may be read is judged, and the report of a plan never is a reason to
// call it different.
func TestTheReportedPlanIsForPeople(t *testing.T) {
	f := viewed()
	f.HPAsUnread = ""
	r := diagnose(f)
	if got := r.hop("autoscaler"); got.State != OK && got.State != Unknown && got.ReportedBy != live.Controller {
		t.Errorf("the autoscaler is %s: %+v", got.State, got.Findings)
	}
	for _, f := range r.hop("autoscaler").Findings {
		if f.Reason == "AutoscalerDiffers" || f.Reason == "AutoscalerMissing" {
			t.Errorf("%s by a plan that was only reported", f.Reason)
		}
	}
	if want := "HPA echo: " + pipelinetest.Subject.Metric + " of Service echo at 40 ms, 2-20 replicas"; r.Plan != want {
		t.Errorf("the plan is %q, want %q", r.Plan, want)
	}
}
