package servicemonitor_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/internal/pipeline/source/operator"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// explosive is a regular expression of 3 KB that is compiled to more than a gigabyte.
var explosive = "(" + strings.Repeat("a", 3000) + "){1000}"

// doubling are relabelings each of which doubles a value, or every label.
func doubling(c monitoringv1.RelabelConfig) []monitoringv1.RelabelConfig {
	return slices.Repeat([]monitoringv1.RelabelConfig{c}, 60)
}

// hostile are changes of the monitor that works, by which evaluating it would need
// gigabytes, or hours.
var hostile = map[string]struct {
	change func(*monitoringv1.ServiceMonitor)
	want   *finding.Reason
}{
	"relabeling": {func(m *monitoringv1.ServiceMonitor) {
		m.Spec.Endpoints[0].RelabelConfigs = []monitoringv1.RelabelConfig{{Action: "drop", Regex: explosive, SourceLabels: []monitoringv1.LabelName{"job"}}}
	}, servicemonitor.TooLarge},
	"metric relabeling": {func(m *monitoringv1.ServiceMonitor) {
		m.Spec.Endpoints[0].MetricRelabelConfigs = []monitoringv1.RelabelConfig{{Action: "labeldrop", Regex: explosive}}
	}, servicemonitor.TooLarge},
	"relabeling of another endpoint": {func(m *monitoringv1.ServiceMonitor) {
		m.Spec.Endpoints = append(m.Spec.Endpoints, monitoringv1.Endpoint{RelabelConfigs: []monitoringv1.RelabelConfig{{Regex: explosive, TargetLabel: "x"}}})
	}, servicemonitor.TooLarge},
	"port": {func(m *monitoringv1.ServiceMonitor) { m.Spec.Endpoints[0].Port = explosive }, servicemonitor.TooLarge},
	"matchLabels": {func(m *monitoringv1.ServiceMonitor) {
		m.Spec.Selector.MatchLabels = map[string]string{"control-plane": explosive}
	}, servicemonitor.TooLarge},
	"many relabelings that are small": {func(m *monitoringv1.ServiceMonitor) {
		for i := range 150 {
			m.Spec.Endpoints[0].RelabelConfigs = append(m.Spec.Endpoints[0].RelabelConfigs, monitoringv1.RelabelConfig{
				Action: "drop", Regex: fmt.Sprintf("(x%d){900}", i), SourceLabels: []monitoringv1.LabelName{"job"}})
		}
	}, servicemonitor.TooLarge},
	"thousands of relabelings": {func(m *monitoringv1.ServiceMonitor) {
		m.Spec.Endpoints[0].RelabelConfigs = slices.Repeat([]monitoringv1.RelabelConfig{{Action: "labeldrop", Regex: "x.*"}}, 5000)
	}, servicemonitor.TooLarge},
	"thousands of endpoints": {func(m *monitoringv1.ServiceMonitor) {
		m.Spec.Endpoints = slices.Repeat(m.Spec.Endpoints, 5000)
	}, servicemonitor.TooLarge},
	"a value that doubles": {func(m *monitoringv1.ServiceMonitor) {
		m.Spec.Endpoints[0].RelabelConfigs = doubling(monitoringv1.RelabelConfig{
			Regex: "(.+)", Replacement: ptr.To("$1$1"), SourceLabels: []monitoringv1.LabelName{"job"}, TargetLabel: "job"})
	}, servicemonitor.RelabelingUnknown},
	"labels that double": {func(m *monitoringv1.ServiceMonitor) {
		m.Spec.Endpoints[0].RelabelConfigs = doubling(monitoringv1.RelabelConfig{Action: "labelmap", Regex: "(.+)", Replacement: ptr.To("$1$1")})
	}, servicemonitor.RelabelingUnknown},
}

// allocated is what f allocates, in bytes.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// What a tenant writes costs megabytes at most, and what is not evaluated is unknown.
func TestAHostileMonitorIsUnknownAndCheap(t *testing.T) {
	for name, tt := range hostile {
		t.Run(name, func(t *testing.T) {
			s := pipelinetest.Good()
			pipelinetest.OnMonitor(tt.change)(s)
			var found []finding.Finding
			if bytes := allocated(func() { _, found = scraped(s) }); bytes > 32<<20 {
				t.Errorf("evaluating it allocated %d MiB", bytes>>20)
			}
			if len(found) != 1 || found[0].Reason != tt.want {
				t.Errorf("want %s, got %v", tt.want.Name, found)
			}
		})
	}
}

// The regular expressions of one snapshot are compiled once, not for each subject.
func TestRegularExpressionsAreCompiledOnceForASnapshot(t *testing.T) {
	s := pipelinetest.Good()
	pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) {
		e.MetricRelabelConfigs = []monitoringv1.RelabelConfig{{Action: "drop", Regex: strings.Repeat("abcdefgh|", 500) + "x", SourceLabels: []monitoringv1.LabelName{"__name__"}}}
	})(s)
	e := pipeline.NewEvaluator(s)
	subject := func(i int) pipeline.Subject {
		out := pipelinetest.Subject
		out.Service = fmt.Sprintf("echo-%d", i)
		return out
	}
	first := allocated(func() { e.Diagnose(operator.Source{}, subject(0)) })
	second := allocated(func() { e.Diagnose(operator.Source{}, subject(1)) })
	if second > first*3/4 { // compiling it is half of the first
		t.Errorf("the first evaluation allocates %d KiB, the second %d KiB", first>>10, second>>10)
	}
}

// A hundred monitors that look as if they were meant for Kong Operator do not hide the one
// that works, and what they cost is bounded.
func TestManyLookAlikeMonitors(t *testing.T) {
	s := pipelinetest.Good()
	for i := range 5000 {
		m := pipelinetest.TheMonitor(s).DeepCopy()
		m.Namespace, m.Name = "aaa", fmt.Sprintf("kong-operator-%04d", i)
		m.Spec.Endpoints[0].MetricRelabelConfigs = []monitoringv1.RelabelConfig{{
			Action: "drop", Regex: fmt.Sprintf("(x%d){800}", i), SourceLabels: []monitoringv1.LabelName{"__name__"}}}
		s.ServiceMonitors.Items = append(s.ServiceMonitors.Items, m)
	}
	s.ServiceMonitors.Items = append(s.ServiceMonitors.Items[1:], s.ServiceMonitors.Items[0])
	c := pipeline.NewCase(operator.Source{}, s, pipelinetest.Subject)
	if got := servicemonitor.Scraped(c); len(got.Findings) > 0 || got.Works == nil || got.Works.Monitor.Namespace == "aaa" {
		t.Errorf("got %v", got.Findings)
	}
	// Without the one that works it is not known whether one of them does.
	s.ServiceMonitors.Items = s.ServiceMonitors.Items[:len(s.ServiceMonitors.Items)-1]
	for _, m := range s.ServiceMonitors.Items {
		m.Spec.Endpoints[0].Path = "/none"
	}
	if _, found := scraped(s); len(found) != 1 || found[0].Reason != servicemonitor.TooLarge {
		t.Errorf("got %v", found)
	}
}
