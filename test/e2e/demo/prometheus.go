package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	prometheusapi "github.com/prometheus/client_golang/api"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/kong-latency/kong-latency/test/e2e/gateway"
)

// rules are configurations of prometheus-adapter.
//
//go:embed rules/*.yaml
var rules embed.FS

// prometheusConfig scrapes the gateway with the labels that a ServiceMonitor of
// the operator's metrics Service would give its target. As honor_labels is
// false, the metric's own namespace and service become exported_….
func prometheusConfig(target string, interval time.Duration) []byte {
	return fmt.Appendf(nil, `global:
  scrape_interval: %s
scrape_configs:
- job_name: %[3]s
  honor_labels: false
  static_configs:
  - targets: [%[4]q]
    labels:
      namespace: %[2]s
      service: %[3]s
      endpoint: https
`, model.Duration(interval), operatorNamespace, operatorService, target)
}

// prometheus asks the server what it has.
type prometheus struct {
	url string
	api prometheusv1.API
}

func newPrometheus(url string) (*prometheus, error) {
	client, err := prometheusapi.NewClient(prometheusapi.Config{Address: url})
	if err != nil {
		return nil, fmt.Errorf("make Prometheus client: %w", err)
	}
	return &prometheus{url: url, api: prometheusv1.NewAPI(client)}, nil
}

// scraped is whether Prometheus reaches its target and has the series under
// the labels that the rule wants.
func (s *stack) scraped(ctx context.Context) error {
	up, err := s.prometheus.value(ctx, fmt.Sprintf("up{namespace=%q,service=%q}", operatorNamespace, operatorService))
	if err != nil {
		return err
	}
	if up != 1 {
		return s.prometheus.scrapeError(ctx)
	}
	_, err = s.prometheus.value(ctx, fmt.Sprintf("sum(%s_count{exported_namespace=%q,exported_service=%q})",
		gateway.MetricName, echo.Namespace, echo.Name))
	return err
}

// scrapeError is what Prometheus says about its one target.
func (p *prometheus) scrapeError(ctx context.Context) error {
	targets, err := p.api.Targets(ctx)
	if err != nil {
		return fmt.Errorf("list targets: %w", err)
	}
	if len(targets.Active) == 0 {
		return errors.New("it has no target")
	}
	return fmt.Errorf("scrape %s: %s", targets.Active[0].ScrapeURL, targets.Active[0].LastError)
}

// value evaluates an expression that gives one sample.
func (p *prometheus) value(ctx context.Context, expr string) (float64, error) {
	found, _, _, err := p.api.Query(ctx, expr, time.Now())
	if err != nil {
		return 0, fmt.Errorf("query %s: %w", expr, err)
	}
	vector, ok := found.(model.Vector)
	if !ok {
		return 0, errors.New("want an instant vector")
	}
	if len(vector) != 1 {
		return 0, fmt.Errorf("query %s: it has %d samples, not one", expr, len(vector))
	}
	return float64(vector[0].Value), nil
}
