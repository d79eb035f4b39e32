package status_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/status"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// What was learned is in the status, is kept of it, and reads back for the autoscaler.
func TestWhatWasLearnedIsKept(t *testing.T) {
	f := facts(t, pipelinetest.Good(), "32", "requests-per-second-per-pod", "auto")
	without := status.Summarize(status.Of(f, noon))
	f.Load = &v1alpha1.LearnedLoad{
		RequestsPerSecondPerPod: ptr.To(resource.MustParse("12.5")), LatencyTarget: ptr.To(resource.MustParse("60")),
		Since: ptr.To(metav1.NewTime(noon)), State: "opaque",
	}
	f.Plan.Learned = status.Learned(f.Load)
	s := status.Of(f, noon)
	kept := status.Summarize(s)
	if kept.Digest == without.Digest {
		t.Error("it is not noticed that something was learned")
	}
	if kept.Load.State != "opaque" || kept.Load.RequestsPerSecondPerPod.String() != "12500m" {
		t.Errorf("kept is %+v", kept.Load)
	}
	p := s.Plan
	if p.TargetMilliseconds != "40" || p.RequestsPerSecondPerPod != "auto" || p.ConcurrencyPerPod != "" || p.Statistic != "average" {
		t.Errorf("the plan is %+v", p)
	}
	if len(p.Metrics) != 2 || p.Metrics[0].Target != "60" || p.Metrics[1].Target != "12500m" || p.Metrics[1].TargetType != "AverageValue" {
		t.Errorf("the metrics are %+v", p.Metrics)
	}
	learned := status.Learned(kept.Load)
	learned.RequestsPerSecondPerPod.Add(resource.MustParse("1"))
	if kept.Load.RequestsPerSecondPerPod.String() != "12500m" {
		t.Error("what is kept changes with what is read of it")
	}
}
