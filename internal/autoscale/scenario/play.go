package scenario

import (
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/kong-latency/kong-latency/internal/autoscale"
	"github.com/kong-latency/kong-latency/internal/autoscale/plant"
)

// Play plays a load, as Under returns it, on a plant in the pure model. It begins with the
// smallest fleet.
func Play(p Plant, l Load, hpa autoscalingv2.HorizontalPodAutoscalerSpec, signals map[string]plant.Signal, warmup, duration time.Duration) (Result, error) {
	score := NewScore(p.Config, l, warmup)
	_, err := plant.Run(plant.Scenario{
		Plant: p.Config, HPA: hpa, Options: autoscale.DefaultOptions(), Signals: signals, Target: l.Target,
		Replicas: min(Smallest(p.Config, l.Conditions(0), l.Target), p.MaxReplicas),
		Warmup:   warmup, Duration: duration, Conditions: l.Conditions, Missing: l.Missing, Each: score.Add,
	})
	return score.Result(), err
}
