package servicemonitor_test

import (
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// Whatever a relabeling says, it is judged: refused, followed, or not known. A fix
// that is offered works.
func FuzzScrapeRelabeling(f *testing.F) {
	f.Add("replace", "(.*)", "job", "service", "$1", ";", int64(0), true)
	f.Add("labelmap", "__meta_(.+)", "", "", "${1}", "", int64(0), false)
	f.Add("hashmod", "", "__address__", "__tmp", "", "", int64(-3), false)
	f.Add("keepequal", "", "a", "b", "$1", ";", int64(0), true)
	f.Add("", "(", "\xff", "$$", "${", "\n", int64(1), true)
	f.Fuzz(func(t *testing.T, action, regex, source, target, replacement, separator string, modulus int64, metric bool) {
		c := monitoringv1.RelabelConfig{
			Action: action, Regex: regex, SourceLabels: []monitoringv1.LabelName{monitoringv1.LabelName(source)},
			TargetLabel: target, Replacement: ptr.To(replacement), Separator: ptr.To(separator), Modulus: modulus,
		}
		if source == "" {
			c.SourceLabels = nil
		}
		s := pipelinetest.Good()
		if metric {
			pipelinetest.TheEndpoint(s).MetricRelabelConfigs = []monitoringv1.RelabelConfig{c}
		} else {
			pipelinetest.TheEndpoint(s).RelabelConfigs = []monitoringv1.RelabelConfig{c}
		}
		_, found := scraped(s)
		for _, x := range found {
			if len(pipelinetest.Documents(render.Fix(x.Fix))) == 0 {
				continue
			}
			pipelinetest.Apply(t, s, render.Fix(x.Fix))
			if _, left := scraped(s); len(left) > 0 {
				t.Errorf("%v is not fixed: %v", x, left)
			}
			return
		}
	})
}
