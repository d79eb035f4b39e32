package prometheus

import (
	"strings"
	"testing"

	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

func TestPrometheusService(t *testing.T) {
	for url, want := range map[string]string{
		"http://prom.monitoring.svc:9090":               "monitoring/prom",
		"http://prom.monitoring.svc.cluster.local:9090": "monitoring/prom",
		"http://prom": "prometheus/prom",
		"":            "/",
	} {
		a := pipelinetest.GoodAdapter()
		a.PrometheusURL = url
		namespace, name, ok := AdapterService(a)
		if got := strings.Join([]string{namespace, name}, "/"); got != want || ok != (want != "/") {
			t.Errorf("%s: got %s and %v", url, got, ok)
		}
	}
}
