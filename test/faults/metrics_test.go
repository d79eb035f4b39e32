package faults

import (
	"net/http"

	"github.com/onsi/gomega"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/kong-latency/kong-latency/test/product"
)

// gauge is the sum of a metric of a process over the series with these labels, each
// followed by its value.
func (c *cluster) gauge(p *product.Process, name string, labels ...string) float64 {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.ctx, http.MethodGet, p.Metrics, nil)
	c.Expect(err).NotTo(gomega.HaveOccurred())
	resp, err := http.DefaultClient.Do(req)
	c.Expect(err).NotTo(gomega.HaveOccurred())
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	c.Expect(err).NotTo(gomega.HaveOccurred())
	return sumOf(families[name], labels...)
}

// requests counts the requests that the API server has answered, with these labels.
func (c *cluster) requests(labels ...string) float64 {
	return c.served("apiserver_request_total", labels...)
}

// served is the sum of a metric of the API server.
func (c *cluster) served(name string, labels ...string) float64 {
	c.t.Helper()
	families, err := c.cp.Metrics(c.ctx)
	c.Expect(err).NotTo(gomega.HaveOccurred())
	return sumOf(families[name], labels...)
}

func sumOf(family *dto.MetricFamily, labels ...string) float64 {
	var sum float64
	for _, m := range family.GetMetric() {
		have := map[string]string{}
		for _, l := range m.Label {
			have[l.GetName()] = l.GetValue()
		}
		matches := true
		for i := 0; i+1 < len(labels); i += 2 {
			matches = matches && have[labels[i]] == labels[i+1]
		}
		if matches {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return sum
}
