package controller

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/metrics"
)

func TestWorkloadsAreCountedInOneStateEach(t *testing.T) {
	tracker := newStatusTracker()
	for name, e := range map[string]entry{
		"a": {policy: "frame"},
		"b": {},
		"c": {paused: true},
		"d": {paused: true, blocked: &badSettings},
	} {
		tracker.record(workload(name), outcome{entry: &e})
	}
	tracker.record(workload("e"), outcome{})
	want := `
		# HELP kong_latency_workloads ` + metrics.Workloads.Help + `
		# TYPE kong_latency_workloads gauge
		kong_latency_workloads{state="attached"} 2
		kong_latency_workloads{state="blocked"} 1
		kong_latency_workloads{state="paused"} 1
	`
	if err := testutil.CollectAndCompare(tracker, strings.NewReader(want), metrics.Workloads.Name); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"a", "b", "c", "d"} {
		tracker.record(workload(name), outcome{})
	}
	if err := testutil.CollectAndCompare(tracker, strings.NewReader(strings.NewReplacer("} 2", "} 0", "} 1", "} 0").Replace(want))); err != nil {
		t.Errorf("after they are gone: %v", err)
	}
}

func TestEachWorkloadHasAnInfoAndItsTarget(t *testing.T) {
	tracker := newStatusTracker()
	hpa := func(e entry) entry {
		e.service, e.target, e.autoscaler, e.output = "web", 0.04, "echo", "HorizontalPodAutoscaler"
		return e
	}
	for name, e := range map[string]entry{
		"attached": hpa(entry{policy: "frame"}),
		"blocked":  {blocked: &badSettings},
		"broken":   hpa(entry{pipeline: &noRule, paused: true}),
		"dark":     hpa(entry{pipeline: &darkRoute}),
	} {
		tracker.record(workload(name), outcome{entry: &e})
	}
	const web = `horizontalpodautoscaler="echo",namespace="ns",output="HorizontalPodAutoscaler"`
	want := `
		# HELP kong_latency_workload_info ` + metrics.WorkloadInfo.Help + `
		# TYPE kong_latency_workload_info gauge
		kong_latency_workload_info{deployment="attached",` + web + `,pipeline="working",policy="frame",service="web",state="attached"} 1
		kong_latency_workload_info{deployment="blocked",horizontalpodautoscaler="",namespace="ns",output="",pipeline="unknown",policy="",service="",state="blocked"} 1
		kong_latency_workload_info{deployment="broken",` + web + `,pipeline="broken",policy="",service="web",state="paused"} 1
		kong_latency_workload_info{deployment="dark",` + web + `,pipeline="unknown",policy="",service="web",state="attached"} 1
		# HELP kong_latency_workload_target_seconds ` + metrics.WorkloadTarget.Help + `
		# TYPE kong_latency_workload_target_seconds gauge
		kong_latency_workload_target_seconds{deployment="attached",namespace="ns",service="web"} 0.04
		kong_latency_workload_target_seconds{deployment="broken",namespace="ns",service="web"} 0.04
		kong_latency_workload_target_seconds{deployment="dark",namespace="ns",service="web"} 0.04
	`
	if err := testutil.CollectAndCompare(tracker, strings.NewReader(want), metrics.WorkloadInfo.Name, metrics.WorkloadTarget.Name); err != nil {
		t.Error(err)
	}
}

// Errors are exposed before the rest is dropped, and what is dropped is counted.
func TestFindingsOfWorkloadsAreBounded(t *testing.T) {
	report := newReporter(events.NewFakeRecorder(20))
	find := func(name string, findings ...finding.Finding) {
		d := &appsv1.Deployment{}
		d.Namespace, d.Name = "ns", name
		report.findings(d, findings)
	}
	find("b", lateScrape, noRule, noRule.At("spec"))
	find("a", lateScrape, darkRoute)
	find("c", noMonitor)
	s := &corev1.Service{}
	s.Namespace, s.Name = "ns", "web"
	report.findings(s, []finding.Finding{badSettings}) // not a workload

	series := []string{
		`kong_latency_workload_findings{deployment="b",hop="adapter-rule",namespace="ns",reason="NoRule",severity="Error"} 2`,
		`kong_latency_workload_findings{deployment="c",hop="service-monitor",namespace="ns",reason="NoMonitor",severity="Error"} 1`,
		`kong_latency_workload_findings{deployment="a",hop="service-monitor",namespace="ns",reason="Late",severity="Warning"} 1`,
		`kong_latency_workload_findings{deployment="b",hop="service-monitor",namespace="ns",reason="Late",severity="Warning"} 1`,
		`kong_latency_workload_findings{deployment="a",hop="route",namespace="ns",reason="Dark",severity="Unknown"} 1`,
	}
	for limit, exposed := range map[int]int{1: 1, 3: 3, 5: 5, 6: 5} {
		want := fmt.Sprintf("# HELP %[1]s %[2]s\n# TYPE %[1]s gauge\n%[3]s\n# HELP %[4]s %[5]s\n# TYPE %[4]s gauge\n%[4]s %[6]d\n",
			metrics.WorkloadFindings.Name, metrics.WorkloadFindings.Help, strings.Join(series[:exposed], "\n"),
			metrics.WorkloadFindingsDropped.Name, metrics.WorkloadFindingsDropped.Help, len(series)-exposed)
		if err := testutil.CollectAndCompare(workloadFindings{report, limit}, strings.NewReader(want)); err != nil {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

// BenchmarkScrapeOfWorkloads is one scrape of ten thousand workloads.
func BenchmarkScrapeOfWorkloads(b *testing.B) {
	tracker := newStatusTracker()
	for i := range 10_000 {
		name := fmt.Sprintf("workload-%05d", i)
		tracker.record(workload(name), outcome{entry: &entry{
			policy: "frame", service: name, autoscaler: name, output: "HorizontalPodAutoscaler", target: 0.04,
		}})
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(tracker)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := registry.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}
