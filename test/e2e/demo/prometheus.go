package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	prometheusapi "github.com/prometheus/client_golang/api"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/kong-latency/kong-latency/test/e2e/gateway"
	"github.com/kong-latency/kong-latency/test/guide"
)

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

// reload has the server read its configuration again. It says what is wrong with it.
func (p *prometheus) reload(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/-/reload", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", response.Status, body)
	}
	return nil
}

// scraped is whether Prometheus reaches its target and has the series under
// the labels that the rule wants.
func (s *stack) scraped(ctx context.Context) error {
	up, err := s.prometheus.value(ctx, fmt.Sprintf("up{namespace=%q,service=%q}", guide.MetricsService.Namespace, guide.MetricsService.Name))
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
