package generator

import (
	"testing"

	"github.com/kong-latency/kong-latency/annotations"
	"github.com/kong-latency/kong-latency/target"
)

// BenchmarkGenerate is the way from a workload to its autoscaler, step by step.
func BenchmarkGenerate(b *testing.B) {
	w := echo(map[string]string{annotations.TargetMS: "40"})
	set := target.Set{Workloads: []target.Workload{w}, Services: []target.Service{echoService(nil)}}
	r := Resolve(w, set, nil)
	if r.Plan == nil {
		b.Fatal(r.Findings)
	}
	p := *r.Plan
	there := live(p)
	if !UpToDate(there, p) {
		b.Fatal("it is not up to date")
	}
	for _, step := range []struct {
		name string
		run  func()
	}{
		{"resolve", func() { Resolve(w, set, nil) }},
		{"HPA", func() { HPA(p) }},
		{"apply configuration", func() { _, _ = ApplyConfiguration(p) }},
		{"up to date", func() { UpToDate(there, p) }},
	} {
		b.Run(step.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				step.run()
			}
		})
	}
}
