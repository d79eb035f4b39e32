package replay_test

import (
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/autoscale"
	"github.com/kong-latency/kong-latency/test/control/replay"
)

func TestDeviationsAreCounted(t *testing.T) {
	spec := autoscalingv2.HorizontalPodAutoscalerSpec{MaxReplicas: 20, Metrics: []autoscalingv2.MetricSpec{{
		Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{
			Target: autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: ptr.To(resource.MustParse("40"))},
		},
	}}}
	r := replay.New(autoscale.DefaultOptions())
	// The load doubles the size of 2. The controller then has 5, which at 40 ms stays.
	for i, o := range []struct {
		replicas int32
		ms       int64
	}{{2, 80}, {5, 40}, {5, 40}} {
		observation := autoscale.Observation{
			Time: time.Unix(int64(15*i), 0), Replicas: o.replicas, StatusReplicas: o.replicas, Values: []*int64{ptr.To(o.ms * 1000)},
		}
		for range o.replicas {
			observation.Pods = append(observation.Pods, autoscale.Pod{Phase: corev1.PodRunning, Ready: true})
		}
		if err := r.Add(spec, observation); err != nil {
			t.Fatal(err)
		}
	}
	if r.Syncs != 2 || len(r.Deviations) != 1 {
		t.Fatalf("%d syncs, deviations %v, want 2 and one", r.Syncs, r.Deviations)
	}
	d := r.Deviations[0]
	if d.Pure != 4 || d.Real != 5 || !strings.Contains(d.String(), "from 2 (status 2, 2 pods, 2 ready) with [80] to 4, the controller to 5") {
		t.Errorf("%s", d)
	}
	if err := r.Add(autoscalingv2.HorizontalPodAutoscalerSpec{}, autoscale.Observation{}); err == nil {
		t.Error("a specification without metrics is no error")
	}
}
