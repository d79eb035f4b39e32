package annotations

import "testing"

func BenchmarkParse(b *testing.B) {
	for name, all := range map[string]map[string]string{
		"none":   nil,
		"target": {TargetMS: "40", "app.example/owner": "team", "app.example/contact": "somebody"},
		"all": {
			TargetMS: "40", MinReplicas: "2", MaxReplicas: "20", Service: "echo", Behavior: "stable",
			CPUUtilization: "80", Paused: "scale-in", PreserveReplicas: "false",
			Statistic: "p95", RequestsPerSecondPerPod: "auto", ConcurrencyPerPod: "2.8",
		},
		"bad": {TargetMS: "40ms", MinReplicas: "0", "kong.latency/max-replica": "3"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Parse(OnDeployment, all)
			}
		})
	}
}
