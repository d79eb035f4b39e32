package get

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/cli/live"
	"github.com/kong-latency/kong-latency/cli/plugin"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/source"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
	"github.com/kong-latency/kong-latency/internal/status"
)

// told is what the controller reports of a workload: all hops are proven, but for some.
func told(but map[string]v1alpha1.HopStatus) *status.Report {
	since := metav1.NewTime(noon.Add(-time.Hour))
	la := &v1alpha1.LatencyAutoscaler{ObjectMeta: metav1.ObjectMeta{
		Namespace: "default", Name: "echo", OwnerReferences: []metav1.OwnerReference{{UID: "u-x", Controller: ptr.To(true)}},
	}}
	la.Status.Plan = &v1alpha1.AutoscalerPlan{
		TargetMilliseconds: "0.5", Service: "echo", MinReplicas: 2, MaxReplicas: 20, Autoscaler: "echo", Paused: "scale-in",
		Metrics: []v1alpha1.PlannedMetric{{Name: "m"}}, EnabledBy: "LatencyPolicy", Policy: "frame",
	}
	names := []string{status.Settings}
	for _, hop := range source.Hops() {
		names = append(names, hop.Name)
	}
	for _, name := range append(names, "autoscaler") {
		h := but[name]
		if h.State == "" {
			h.State = v1alpha1.HopProven
		}
		h.Hop, h.LastTransitionTime = name, since
		la.Status.Pipeline = append(la.Status.Pipeline, h)
	}
	return status.ReportOf(la, "u-x")
}

func hop(state v1alpha1.HopState, reason string) v1alpha1.HopStatus {
	return v1alpha1.HopStatus{State: state, Findings: []v1alpha1.HopFinding{{Reason: reason, Message: "it is so"}}}
}

// viewed is the workload of somebody who may only read its namespace.
func viewed(reported *status.Report) live.Workload {
	on := finding.Object{Kind: "Deployment", Namespace: "default", Name: "echo"}
	return live.Workload{
		Deployment: &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "echo"}, Spec: appsv1.DeploymentSpec{Replicas: ptr.To(int32(3))}},
		Resolution: plan.Resolution{Retained: true, Findings: []finding.Finding{policy.PolicyUnknown.On(on, "forbidden")}},
		Live:       autoscaler(corev1.ConditionTrue), Subject: &pipeline.Subject{Namespace: "default", Service: "echo", Metric: "m"},
		Reported: reported,
	}
}

func TestWhatMayNotBeReadIsReported(t *testing.T) {
	e := pipeline.NewEvaluator(&pipeline.Snapshot{})
	since := metav1.NewTime(noon.Add(-time.Hour))
	for name, tt := range map[string]struct {
		reported *status.Report
		want     Pipeline
	}{
		"all works": {told(nil), Pipeline{State: OK, ReportedBy: live.Controller}},
		"a hop is broken": {
			told(map[string]v1alpha1.HopStatus{"service-monitor": hop(v1alpha1.HopBroken, "ServiceMonitorNotFound"), "adapter-rule": hop(v1alpha1.HopBroken, "Later")}),
			Pipeline{State: Broken, Hop: "service-monitor", Reason: "ServiceMonitorNotFound", Message: "it is so", ReportedBy: live.Controller, Since: &since},
		},
		"settings block": {
			told(map[string]v1alpha1.HopStatus{status.Settings: hop(v1alpha1.HopBroken, "AnotherAutoscaler"), "route": hop(v1alpha1.HopBroken, "RouteNotFound")}),
			Pipeline{State: Blocked, Reason: "AnotherAutoscaler", Message: "it is so", ReportedBy: live.Controller, Since: &since},
		},
		"a warning": {
			told(map[string]v1alpha1.HopStatus{"route": hop(v1alpha1.HopWarning, "RouteUndercounted")}),
			Pipeline{State: Warning, Hop: "route", Reason: "RouteUndercounted", Message: "it is so", ReportedBy: live.Controller, Since: &since},
		},
		"a hop that was read": { // by the autoscaler, which has a value
			told(map[string]v1alpha1.HopStatus{"series": hop(v1alpha1.HopBroken, "MetricWithoutValue")}),
			Pipeline{State: OK, ReportedBy: live.Controller},
		},
		"a hop is not known": {
			told(map[string]v1alpha1.HopStatus{"extension": {State: v1alpha1.HopUnknown}}),
			Pipeline{State: Unknown, Hop: "extension", Reason: "ExtensionUnknown"},
		},
		"nothing is reported": {nil, Pipeline{State: Unknown, Reason: "PolicyUnknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := judge(viewed(tt.reported), e, noon)
			if tt.want.ReportedBy == "" {
				got.Message = "" // of the reading
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Without the policies, the plan is the reported one.
func TestAReportedPlan(t *testing.T) {
	w := viewed(told(nil))
	w.Live = nil
	if !w.Concerned() {
		t.Error("a workload that a policy enables is not listed")
	}
	got := rowOf(w, pipeline.NewEvaluator(&pipeline.Snapshot{}), noon)
	want := Row{
		Namespace: "default", Name: "echo", Service: "echo", Metric: "m", TargetMS: ptr.To(0.5), Replicas: 3, MinReplicas: 2, MaxReplicas: 20,
		Paused: "scale-in", Source: "LatencyPolicy", Policy: "frame", PlanReportedBy: live.Controller, Pipeline: Pipeline{State: OK, ReportedBy: live.Controller},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// Where the policies are known, a workload that is not enabled has an old report.
	w.Resolution = plan.Resolution{}
	if got := rowOf(w, pipeline.NewEvaluator(&pipeline.Snapshot{}), noon); w.Concerned() || got.TargetMS != nil || got.PlanReportedBy != "" {
		t.Errorf("an old report counts: %+v", got)
	}
}

func TestReportedRows(t *testing.T) {
	since := metav1.NewTime(noon.Add(-time.Hour))
	rows := sample()[:1]
	rows[0].PlanReportedBy, rows[0].Pipeline = live.Controller, Pipeline{
		State: Broken, Hop: "service-monitor", Reason: "ServiceMonitorNotFound", Message: "it is so", ReportedBy: live.Controller, Since: &since,
	}
	for name, output := range map[string]string{"viewer.txt": "wide", "viewer.json": "json"} {
		p, err := newPrinter(&Options{Output: output})
		if err != nil {
			t.Fatal(err)
		}
		p.now = func() time.Time { return noon }
		var out bytes.Buffer
		if err := p.print(&out, rows); err != nil {
			t.Fatal(err)
		}
		golden(t, name, out.String())
		var note bytes.Buffer
		o := Options{Output: output, plugin: plugin.New(genericiooptions.IOStreams{ErrOut: &note}, nil)}
		if err := o.origin(rows); err != nil {
			t.Fatal(err)
		}
		if (note.Len() > 0) != (output == outputWide) {
			t.Errorf("%s: the note is %q", name, note.String())
		}
		if note.Reset(); o.origin(sample()) != nil || note.Len() > 0 {
			t.Errorf("%s: the note without a report is %q", name, note.String())
		}
	}
}
