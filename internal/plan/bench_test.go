package plan_test

import (
	"fmt"
	"testing"

	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// Pair costs what the catalog's look-ups do; those of a Set search all there is, and
// those of a cluster's caches are indexed (internal/cluster).
func BenchmarkPair(b *testing.B) {
	for _, neighbours := range []int{0, 10} {
		w := workload("echo", app, requested)
		set := model.StaticCatalog{Workloads: []model.Workload{w}, Services: []model.Service{svc("echo", app, nil)}}
		for i := range neighbours {
			labels := map[string]string{"app": fmt.Sprint(i)}
			set.Workloads = append(set.Workloads, workload(fmt.Sprint(i), labels, requested))
			set.Services = append(set.Services, svc(fmt.Sprint(i), labels, nil))
		}
		b.Run(fmt.Sprintf("%d neighbours", neighbours), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				plan.Pair(w, set)
			}
		})
	}
}
