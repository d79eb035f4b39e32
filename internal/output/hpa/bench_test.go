package hpa

import (
	"testing"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/test/testutil"
)

// BenchmarkGenerate measures the steps from a workload to its autoscaler.
func BenchmarkGenerate(b *testing.B) {
	w := testutil.Workload(map[string]string{annotations.TargetMS: "40"})
	set := testutil.Catalog(w, testutil.Service(nil))
	r := plan.Resolve(w, set, nil)
	if r.Plan == nil {
		b.Fatal(r.Findings)
	}
	p := *r.Plan
	there := live(p)
	if !(Output{}).UpToDate(there, p) {
		b.Fatal("it is not up to date")
	}
	for _, step := range []struct {
		name string
		run  func()
	}{
		{"resolve", func() { plan.Resolve(w, set, nil) }},
		{"HPA", func() { generator.HPA(p) }},
		{"desired", func() { _, _ = Output{}.Desired(p) }},
		{"up to date", func() { Output{}.UpToDate(there, p) }},
	} {
		b.Run(step.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				step.run()
			}
		})
	}
}
