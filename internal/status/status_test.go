package status_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/output/hpa"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/series"
	"github.com/kong-latency/kong-latency/internal/pipeline/source"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/status"
	"github.com/kong-latency/kong-latency/test/testutil"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// scaled is the autoscaler of a plan that reads a latency; without one if it is empty.
func scaled(p plan.Plan, latency string) *autoscalingv2.HorizontalPodAutoscaler {
	h := generator.HPA(p)
	h.Status.CurrentReplicas, h.Status.DesiredReplicas = 2, 3
	active := autoscalingv2.HorizontalPodAutoscalerCondition{Type: autoscalingv2.ScalingActive, Status: corev1.ConditionTrue, Reason: "ValidMetricFound"}
	if latency == "" {
		active.Status, active.Reason, active.LastTransitionTime = corev1.ConditionFalse, "FailedGetObjectMetric", metav1.NewTime(noon.Add(-time.Hour))
	} else {
		value := resource.MustParse(latency)
		h.Status.CurrentMetrics = []autoscalingv2.MetricStatus{{Object: &autoscalingv2.ObjectMetricStatus{
			Metric: autoscalingv2.MetricIdentifier{Name: p.Metric}, Current: autoscalingv2.MetricValueStatus{Value: &value},
		}}}
	}
	h.Status.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{active}
	return h
}

// facts are those of an attached workload in a cluster with this snapshot.
func facts(t *testing.T, s *pipeline.Snapshot, latency string, settings ...string) status.Facts {
	t.Helper()
	p := testutil.Plan(t, testutil.Settings(settings...))
	subject := pipeline.Subject{Namespace: p.Namespace, Service: p.Service, Metric: p.Metric}
	f := status.Facts{
		Workload: testutil.Workload(nil).Object(), Plan: &p, Output: hpa.Output{}, Live: scaled(p, latency),
		Evaluation: &status.Evaluation{Source: "operator", Report: pipeline.Diagnose(source.Default(), s, subject), SeriesHop: series.Hop},
	}
	f.Evaluation.Series, _ = series.ByCondition(f.Output.Observe(f.Live).Scaling, subject, noon)
	return f
}

// conditions are status and reason of each condition.
func conditions(s v1alpha1.LatencyAutoscalerStatus) map[string]string {
	out := map[string]string{}
	for _, c := range s.Conditions {
		out[c.Type] = string(c.Status) + " " + c.Reason
	}
	return out
}

// off makes the facts those of a Deployment that is scaled to zero.
func off(f status.Facts) {
	f.Live.(*autoscalingv2.HorizontalPodAutoscaler).Status.Conditions[0].Reason = "ScalingDisabled"
	f.Evaluation.Series = nil
}

func TestConditions(t *testing.T) {
	good, broken, empty := pipelinetest.Good(), pipelinetest.Good(), &pipeline.Snapshot{}
	broken.ServiceMonitors.Items = nil
	blocked := facts(t, good, "32")
	blocked.Plan, blocked.Live, blocked.Evaluation = nil, nil, nil
	blocked.Findings = []finding.Finding{plan.NoServiceSelectsPods.On(blocked.Workload, "no Service selects its pods").Suggest("create one")}
	failing := facts(t, good, "32")
	failing.Evaluation.Failing = []finding.Finding{hpa.AutoscalerFails.On(failing.Workload, "AbleToScale is not true")}
	zero := facts(t, good, "")
	off(zero)
	early := facts(t, good, "")
	early.Evaluation.Series, early.Evaluation.SeriesPending = nil, true
	gap := early
	gap.Before.Available = true

	for name, tt := range map[string]struct {
		facts                             status.Facts
		ready, attached, available, scale string
	}{
		"works":            {facts(t, good, "32"), "True ScalesByLatency", "True Attached", "True MetricRead", "True AbleToScale"},
		"paused":           {facts(t, good, "32", "paused", "scale-in"), "True Paused", "True Attached", "True MetricRead", "True AbleToScale"},
		"blocked":          {blocked, "False NoServiceSelectsPods", "False NoServiceSelectsPods", "Unknown NotAttached", "Unknown NotAttached"},
		"broken":           {facts(t, broken, ""), "False ServiceMonitorNotFound", "True Attached", "False ServiceMonitorNotFound", "True AbleToScale"},
		"broken, yet read": {facts(t, broken, "32"), "True ScalesByLatency", "True Attached", "True MetricRead", "True AbleToScale"},
		"no value":         {facts(t, good, ""), "False MetricWithoutValue", "True Attached", "False MetricWithoutValue", "True AbleToScale"},
		"nothing is read":  {facts(t, empty, ""), "False MetricWithoutValue", "True Attached", "False MetricWithoutValue", "True AbleToScale"},
		"fails":            {failing, "False AutoscalerFails", "True Attached", "True MetricRead", "False AutoscalerFails"},
		"scaled to zero":   {zero, "Unknown NoReplicas", "True Attached", "Unknown NoReplicas", "True AbleToScale"},
		"early":            {early, "Unknown NotReadYet", "True Attached", "Unknown NotReadYet", "True AbleToScale"},
		"a short gap":      {gap, "True ScalesByLatency", "True Attached", "True MetricRead", "True AbleToScale"},
	} {
		t.Run(name, func(t *testing.T) {
			is := status.Of(tt.facts, noon)
			for _, c := range is.Conditions {
				documented(t, c)
			}
			got := conditions(is)
			for kind, want := range map[string]string{
				v1alpha1.ConditionReady: tt.ready, v1alpha1.ConditionAttached: tt.attached,
				v1alpha1.ConditionMetricAvailable: tt.available, v1alpha1.ConditionAbleToScale: tt.scale,
			} {
				if got[kind] != want {
					t.Errorf("%s is %q, want %q", kind, got[kind], want)
				}
			}
		})
	}
}

func TestStatusOfAWorkload(t *testing.T) {
	s := status.Of(facts(t, pipelinetest.Good(), "32500m", "max-replicas", "20", "cpu-utilization", "60"), noon)
	p := s.Plan
	if p == nil || p.TargetMilliseconds != "40" || p.Service != "echo" || p.MaxReplicas != 20 || p.Behavior != "steady" ||
		p.Output != "HorizontalPodAutoscaler" || p.Autoscaler != "echo" || p.Source != "operator" || p.EnabledBy != "Deployment" {
		t.Errorf("the plan is %+v", p)
	}
	want := []v1alpha1.PlannedMetric{
		{Name: annotations.DefaultMetric, Type: "Object", TargetType: "Value", Target: "40"},
		{Name: annotations.RequestsMetric, Type: "Object", TargetType: "AverageValue", Target: "1M"},
		{Name: "cpu", Type: "Resource", TargetType: "Utilization", Target: "60"},
	}
	if !slices.Equal(p.Metrics, want) {
		t.Errorf("the metrics are %+v", p.Metrics)
	}
	if c := s.Current; c == nil || c.LatencyMilliseconds != "32.5" || c.Replicas != 2 || c.DesiredReplicas != 3 {
		t.Errorf("current is %+v", s.Current)
	}
	if first, last := s.Pipeline[0].Hop, s.Pipeline[len(s.Pipeline)-1].Hop; first != status.Settings || last != hpa.Hop.Name {
		t.Errorf("the hops are from %s to %s", first, last)
	}
	for _, h := range s.Pipeline {
		if h.State != v1alpha1.HopProven {
			t.Errorf("hop %s is %s: %v", h.Hop, h.State, h.Findings)
		}
	}
}

func TestABrokenHopHasItsFix(t *testing.T) {
	broken := pipelinetest.Good()
	broken.ServiceMonitors.Items = nil
	s := status.Of(facts(t, broken, ""), noon)
	for _, h := range s.Pipeline {
		if h.Hop != "service-monitor" {
			continue
		}
		if h.State != v1alpha1.HopBroken || len(h.Findings) != 1 || !strings.Contains(h.Findings[0].Fix, "kind: ServiceMonitor") {
			t.Errorf("the hop is %+v", h)
		}
		if c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady); !strings.Contains(c.Message, "doctor --fix") {
			t.Errorf("Ready says %q, not how to fix it", c.Message)
		}
		return
	}
	t.Errorf("no hop service-monitor in %+v", s.Pipeline)
}

func TestMergeKeepsTransitionTimes(t *testing.T) {
	first := status.Merge(v1alpha1.LatencyAutoscalerStatus{}, status.Of(facts(t, pipelinetest.Good(), "32"), noon), 1)
	second := status.Merge(first, status.Of(facts(t, pipelinetest.Good(), ""), noon.Add(time.Hour)), 1)
	since := func(s v1alpha1.LatencyAutoscalerStatus, kind string) time.Duration {
		return meta.FindStatusCondition(s.Conditions, kind).LastTransitionTime.Sub(noon)
	}
	for kind, want := range map[string]time.Duration{
		v1alpha1.ConditionReady: time.Hour, v1alpha1.ConditionMetricAvailable: time.Hour, v1alpha1.ConditionAttached: 0, v1alpha1.ConditionAbleToScale: 0,
	} {
		if got := since(second, kind); got != want {
			t.Errorf("%s changed after %s, want %s", kind, got, want)
		}
	}
	for _, h := range second.Pipeline {
		want := time.Duration(0)
		if h.Hop == series.Hop.Name {
			want = time.Hour
		}
		if got := h.LastTransitionTime.Sub(noon); got != want {
			t.Errorf("hop %s changed after %s, want %s", h.Hop, got, want)
		}
	}
}

func TestSummaries(t *testing.T) {
	of := func(latency string, settings ...string) v1alpha1.LatencyAutoscalerStatus {
		return status.Of(facts(t, pipelinetest.Good(), latency, settings...), noon)
	}
	a := status.Summarize(of("32"))
	later := status.Merge(v1alpha1.LatencyAutoscalerStatus{}, status.Of(facts(t, pipelinetest.Good(), "33"), noon.Add(time.Hour)), 3)
	if b := status.Summarize(later); a.Digest != b.Digest {
		t.Error("times, the generation or the latency are part of the digest")
	}
	if b := status.Summarize(of("32", "max-replicas", "11")); a.Digest == b.Digest {
		t.Error("the plan is not part of the digest")
	}
	if b := status.Summarize(of("")); a.Digest == b.Digest {
		t.Error("the conditions are not part of the digest")
	}
	for latency, want := range map[string]bool{"32": false, "33": false, "31": false, "35": true, "29": true} {
		if got := a.Refreshes(of(latency)); got != want {
			t.Errorf("from 32 to %s ms: refreshes %v", latency, got)
		}
	}
}
