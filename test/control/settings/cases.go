package settings

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/autoscale/scenario"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// Case is one workload of the benchmark.
type Case struct {
	Plant   scenario.Plant
	Load    scenario.Load
	Setting Setting
}

// Name is that of the case's Deployment and Service.
func (c Case) Name() string {
	return c.Plant.Name + "-" + c.Load.Name + "-" + c.Setting.Name
}

// Row names the plant and the load, of which every setting is measured.
func (c Case) Row() string { return c.Plant.Name + "-" + c.Load.Name }

// Annotations are those of the case's Deployment, if the product attaches what scales it.
func Annotations(c Case) map[string]string {
	out := map[string]string{
		annotations.TargetMS:    strconv.FormatInt(c.Load.Target.Milliseconds(), 10),
		annotations.MaxReplicas: strconv.Itoa(int(c.Plant.MaxReplicas)),
	}
	maps.Copy(out, c.Setting.Annotations)
	return out
}

// HPA is the specification of the case's HorizontalPodAutoscaler, if the product has no part
// in it. It has the default behavior of Kubernetes, in compressed time.
func HPA(c Case) (autoscalingv2.HorizontalPodAutoscalerSpec, error) {
	_, profiles, err := Profiles()
	if err != nil {
		return autoscalingv2.HorizontalPodAutoscalerSpec{}, err
	}
	behavior := profiles[Compressed(policy.ProfileStable)]
	return autoscalingv2.HorizontalPodAutoscalerSpec{
		ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: c.Name()},
		MaxReplicas:    c.Plant.MaxReplicas,
		Metrics:        []autoscalingv2.MetricSpec{c.Setting.Metric(c.Plant, c.Name())},
		Behavior:       &behavior,
	}, nil
}

// What is measured is as much as two cores can play side by side without delaying the HPA
// controller: every load with the first plant, and every setting with the usual loads of it;
// with everything else, what a workload gets by default and without this product.
var (
	usual   = []string{"constant", "wave60", "wave10", "steps", "spike"}
	few     = []string{"constant", "wave60", "steps"}
	between = []string{"default", "stable", "cpu"}
)

// Cases returns all cases, in the order of the report.
func Cases() []Case {
	var out []Case
	for _, p := range []scenario.Plant{scenario.FourSlots, scenario.OneSlot, scenario.SixteenSlots, scenario.SlowStart} {
		first := p.Name == scenario.FourSlots.Name
		for _, l := range scenario.Loads() {
			if !first && !slices.Contains(few, l.Name) {
				continue
			}
			for _, s := range All() {
				if first && slices.Contains(usual, l.Name) || slices.Contains(between, s.Name) {
					out = append(out, Case{Plant: p, Load: p.Under(l), Setting: s})
				}
			}
		}
	}
	return out
}

// Named returns the cases whose name begins with one of the comma-separated names, or all
// if there is none.
func Named(names string) ([]Case, error) {
	all := Cases()
	if names == "" {
		return all, nil
	}
	var out []Case
	for _, name := range strings.Split(names, ",") {
		n := len(out)
		for _, c := range all {
			if strings.HasPrefix(c.Name(), name) {
				out = append(out, c)
			}
		}
		if len(out) == n {
			var rows []string
			for _, c := range all {
				rows = append(rows, c.Row())
			}
			return nil, fmt.Errorf("there is no case %q: must begin like one of %s", name, strings.Join(slices.Compact(rows), ", "))
		}
	}
	return out, nil
}
