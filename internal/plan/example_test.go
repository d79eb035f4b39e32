package plan_test

import (
	"fmt"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// One annotation on a Deployment, and the Service that selects its pods, are all that a
// plan needs.
func ExampleResolve() {
	w := model.NewWorkload(model.Workload{
		Namespace: "shop", Name: "cart", PodLabels: map[string]string{"app": "cart"},
	}, map[string]string{annotations.TargetMS: "40"})
	s := model.NewService(model.Service{
		Namespace: "shop", Name: "cart", Selector: map[string]string{"app": "cart"},
	}, nil)
	catalog := model.StaticCatalog{Workloads: []model.Workload{w}, Services: []model.Service{s}}

	r := plan.Resolve(w, catalog, nil)
	fmt.Println("enabled by the", r.EnabledBy)
	fmt.Println(r.Plan)
	// Output:
	// enabled by the Deployment
	// HPA cart: kong_upstream_latency_ms_60s_average of Service cart at 40 ms, 1-10 replicas
}
