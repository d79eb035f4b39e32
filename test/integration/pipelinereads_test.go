package integration

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"

	"github.com/onsi/gomega"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kong-latency/kong-latency/test/guide"
)

// latencies answers the adapter as a Prometheus does that has scraped the latency of
// Service default/echo, and has values of it while flowing.
type latencies struct{ flowing atomic.Bool }

func (l *latencies) serve() *httptest.Server {
	const labels = `"exported_namespace":"default","exported_service":"echo",` +
		`"kubernetes_namespace":"kong-system","kubernetes_name":"gateway-operator","kubernetes_kind":"Service"`
	answer := func(w http.ResponseWriter, data string) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"status":"success","data":%s}`, data)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/series", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, `[{"__name__":"kong_upstream_latency_ms_sum",`+labels+`},{"__name__":"kong_upstream_latency_ms_count",`+labels+`}]`)
	})
	mux.HandleFunc("/api/v1/query", func(w http.ResponseWriter, _ *http.Request) {
		var result string
		if l.flowing.Load() {
			result = `{"metric":{"exported_service":"echo"},"value":[1,"40"]}`
		}
		answer(w, `{"resultType":"vector","result":[`+result+`]}`)
	})
	return httptest.NewServer(mux)
}

// readByAutoscaler lets the metric flow, so that the autoscaler of echo reads it.
// Then a ServiceMonitor is missed that is not needed, as when another one was overlooked.
func (p *pipelineTest) readByAutoscaler() {
	p.stack.latencies.flowing.Store(true)
	p.attached("echo", func(h *autoscalingv2.HorizontalPodAutoscaler) bool { return active(h) == corev1.ConditionTrue })
	p.admitted()

	monitors := &unstructured.UnstructuredList{}
	monitors.SetGroupVersionKind(schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "ServiceMonitorList"})
	p.Expect(p.client.List(p.ctx, monitors)).To(gomega.Succeed())
	p.Expect(monitors.Items).NotTo(gomega.BeEmpty())
	for i := range monitors.Items {
		p.Expect(p.client.Delete(p.ctx, &monitors.Items[i])).To(gomega.Succeed())
	}
	p.Eventually(func(g gomega.Gomega) {
		warnings, err := p.try()
		g.Expect(err).NotTo(gomega.HaveOccurred())
		g.Expect(strings.Join(warnings, "\n")).To(gomega.And(
			gomega.ContainSubstring("ServiceMonitorNotFound"),
			gomega.ContainSubstring("yet HorizontalPodAutoscaler default/echo reads"),
		))
	}).Should(gomega.Succeed())

	p.stack.latencies.flowing.Store(false)
	p.attached("echo", func(h *autoscalingv2.HorizontalPodAutoscaler) bool { return active(h) == corev1.ConditionFalse })
	p.denied("ServiceMonitorNotFound")
	p.apply(guide.Monitor)
	p.admitted()
}

// active is the status of ScalingActive.
func active(h *autoscalingv2.HorizontalPodAutoscaler) corev1.ConditionStatus {
	for _, c := range h.Status.Conditions {
		if c.Type == autoscalingv2.ScalingActive {
			return c.Status
		}
	}
	return corev1.ConditionUnknown
}
