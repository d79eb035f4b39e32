// Package settings holds what is compared: ways to scale a workload, and the workloads and
// loads that each is measured with.
package settings

import (
	"fmt"
	"math"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/autoscale/plant"
	"github.com/kong-latency/kong-latency/internal/autoscale/scenario"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/policy"
	"github.com/kong-latency/kong-latency/test/control/compressed"
)

// Names of the metrics of a Service.
const (
	Latency     = annotations.DefaultMetric
	Rate        = annotations.RequestsMetric
	Concurrency = annotations.ConcurrencyMetric
)

// Signals say what the metrics measure.
func Signals() map[string]plant.Signal {
	return map[string]plant.Signal{Latency: plant.Latency, Rate: plant.Rate, Concurrency: plant.Concurrency}
}

// Utilization is the share of a pod's slots that are busy at the targets of load metrics and
// of CPU, of which somebody knows how much a pod serves.
const Utilization = 0.7

// Setting is one way to scale a workload.
type Setting struct {
	Name, Title string
	// Annotations are those of the Deployment beside the target and the bounds, if the
	// product attaches what scales it. The profile of annotations.Behavior is one of
	// Profiles.
	Annotations map[string]string
	// Metric is that of a plain HorizontalPodAutoscaler for a plant behind a Service, if the
	// product has no part in it.
	Metric func(p scenario.Plant, service string) autoscalingv2.MetricSpec
}

// Product reports whether the product attaches what scales the workload.
func (s Setting) Product() bool { return s.Metric == nil }

// All returns the settings that are compared.
func All() []Setting {
	return []Setting{
		{Name: "default", Title: "kong-latency, nothing but a target"},
		{Name: "responsive", Title: "kong-latency, latency alone, `responsive`", Annotations: behavior(policy.ProfileResponsive)},
		{Name: "stable", Title: "kong-latency, latency alone, `stable`", Annotations: behavior(policy.ProfileStable)},
		{Name: "rate", Title: "HPA on requests per second, 70 % of what a pod serves", Metric: func(p scenario.Plant, service string) autoscalingv2.MetricSpec {
			return object(service, Rate, Utilization*float64(p.Slots)/p.Service.Seconds())
		}},
		{Name: "concurrency", Title: "HPA on requests in flight, 70 % of a pod's slots", Metric: func(p scenario.Plant, service string) autoscalingv2.MetricSpec {
			return object(service, Concurrency, Utilization*float64(p.Slots))
		}},
		{Name: "cpu", Title: "HPA on CPU, 70 %", Metric: func(scenario.Plant, string) autoscalingv2.MetricSpec {
			return autoscalingv2.MetricSpec{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
				Name:   corev1.ResourceCPU,
				Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: ptr.To(int32(100 * Utilization))},
			}}
		}},
	}
}

func object(service, metric string, perPod float64) autoscalingv2.MetricSpec {
	return autoscalingv2.MetricSpec{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{
		DescribedObject: autoscalingv2.CrossVersionObjectReference{APIVersion: "v1", Kind: "Service", Name: service},
		Metric:          autoscalingv2.MetricIdentifier{Name: metric},
		Target: autoscalingv2.MetricTarget{
			Type: autoscalingv2.AverageValueMetricType, AverageValue: resource.NewMilliQuantity(int64(math.Round(1000*perPod)), resource.DecimalSI),
		},
	}}
}

func behavior(profile string) map[string]string {
	return map[string]string{annotations.Behavior: Compressed(profile)}
}

// Compressed returns the name of the profile that is a built-in one in compressed time. The
// default is replaced, so that a workload with nothing but a target gets it; the others are
// reserved names.
func Compressed(profile string) string {
	if profile == policy.DefaultBehavior {
		return profile
	}
	return profile + "-compressed"
}

// Profiles returns the product's profiles in compressed time, by name.
func Profiles() (names []string, profiles map[string]autoscalingv2.HorizontalPodAutoscalerBehavior, err error) {
	profiles = map[string]autoscalingv2.HorizontalPodAutoscalerBehavior{}
	for _, name := range []string{policy.ProfileSteady, policy.ProfileResponsive, policy.ProfileStable} {
		r, findings := policy.Resolve(finding.Object{}, annotations.Settings{Behavior: name}, nil)
		if len(findings) > 0 {
			return nil, nil, fmt.Errorf("read profile %s: %s", name, findings[0].Message)
		}
		names = append(names, Compressed(name))
		profiles[Compressed(name)] = compressed.Behavior(r.Behavior)
	}
	return names, profiles, nil
}
