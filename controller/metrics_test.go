package controller

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

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
	if err := testutil.CollectAndCompare(tracker, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"a", "b", "c", "d"} {
		tracker.record(workload(name), outcome{})
	}
	if err := testutil.CollectAndCompare(tracker, strings.NewReader(strings.NewReplacer("} 2", "} 0", "} 1", "} 0").Replace(want))); err != nil {
		t.Errorf("after they are gone: %v", err)
	}
}
