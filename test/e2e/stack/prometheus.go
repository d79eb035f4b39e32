package stack

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

// prometheus is a client of the server.
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

// ready returns nil if the server answers queries.
func (p *prometheus) ready(ctx context.Context) error { return p.call(ctx, http.MethodGet, "/-/ready") }

// reload makes the server read its configuration again, and returns its error.
func (p *prometheus) reload(ctx context.Context) error {
	return p.call(ctx, http.MethodPost, "/-/reload")
}

// call succeeds when the path answers 200.
func (p *prometheus) call(ctx context.Context, method, path string) error {
	request, err := http.NewRequestWithContext(ctx, method, p.url+path, nil)
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
		return fmt.Errorf("%s %s: %s: %s", method, request.URL, response.Status, body)
	}
	return nil
}

// Targeted returns nil if Prometheus is configured to scrape the operator's metrics.
func (s *Stack) Targeted(ctx context.Context) error {
	if err := s.operator.Problem(); err != nil {
		return err
	}
	targets, err := s.prometheus.api.Targets(ctx)
	if err != nil {
		return fmt.Errorf("list targets of Prometheus: %w", err)
	}
	for _, t := range targets.Active {
		if string(t.Labels["namespace"]) == guide.MetricsService.Namespace && string(t.Labels["service"]) == guide.MetricsService.Name {
			return nil
		}
	}
	return errors.New("no ServiceMonitor has Prometheus scrape " + guide.MetricsService.String())
}

// Scraped returns nil if Prometheus reaches its target and has the series with the
// labels that the guide's rule needs.
func (s *Stack) Scraped(ctx context.Context) error {
	up, err := s.prometheus.value(ctx, fmt.Sprintf("up{namespace=%q,service=%q}", guide.MetricsService.Namespace, guide.MetricsService.Name))
	if err != nil {
		return err
	}
	if up != 1 {
		return s.prometheus.scrapeError(ctx)
	}
	_, err = s.prometheus.value(ctx, fmt.Sprintf("sum(%s_count{exported_namespace=%q,exported_service=%q})",
		gateway.MetricName, Echo.Namespace, Echo.Name))
	return err
}

// scrapeError returns Prometheus' error about its only target.
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

// value evaluates an expression that results in one sample.
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
