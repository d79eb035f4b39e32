package target

import (
	"fmt"
	"testing"
)

// Pair costs what the catalog's look-ups do; those of a Set search all there is, and
// those of a cluster's caches are indexed (pipeline/cluster).
func BenchmarkPair(b *testing.B) {
	for _, neighbours := range []int{0, 10} {
		w := workload("echo", app, ask)
		set := Set{Workloads: []Workload{w}, Services: []Service{svc("echo", app, nil)}}
		for i := range neighbours {
			labels := map[string]string{"app": fmt.Sprint(i)}
			set.Workloads = append(set.Workloads, workload(fmt.Sprint(i), labels, ask))
			set.Services = append(set.Services, svc(fmt.Sprint(i), labels, nil))
		}
		b.Run(fmt.Sprintf("%d neighbours", neighbours), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Pair(w, set)
			}
		})
	}
}
