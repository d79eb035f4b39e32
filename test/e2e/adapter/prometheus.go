package adapter

import (
	"context"
	"fmt"
	"time"

	prometheusapi "github.com/prometheus/client_golang/api"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	rules "github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// source is the part of Prometheus' API that the adapter uses.
type source interface {
	// series lists the series that match a selector and have a sample since
	// the time.
	series(ctx context.Context, match string, since time.Time) ([]rules.Series, error)
	// vector evaluates an expression now. Anything but an instant vector is an
	// error.
	vector(ctx context.Context, expr string) (model.Vector, error)
}

// prometheus queries a server over HTTP.
type prometheus struct{ api prometheusv1.API }

func newPrometheus(url string) (*prometheus, error) {
	client, err := prometheusapi.NewClient(prometheusapi.Config{Address: url})
	if err != nil {
		return nil, fmt.Errorf("make Prometheus client: %w", err)
	}
	return &prometheus{api: prometheusv1.NewAPI(client)}, nil
}

func (p *prometheus) series(ctx context.Context, match string, since time.Time) ([]rules.Series, error) {
	// No end time, like prometheus-adapter: up to now.
	found, _, _, err := p.api.Series(ctx, []string{match}, since, time.Time{})
	if err != nil {
		return nil, fmt.Errorf("list series %s: %w", match, err)
	}
	var list []rules.Series
	for _, labels := range found {
		s := rules.Series{Labels: map[string]string{}}
		for name, value := range labels {
			if name == model.MetricNameLabel {
				s.Name = string(value)
			} else {
				s.Labels[string(name)] = string(value)
			}
		}
		list = append(list, s)
	}
	return list, nil
}

func (p *prometheus) vector(ctx context.Context, expr string) (model.Vector, error) {
	value, _, _, err := p.api.Query(ctx, expr, time.Now())
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", expr, err)
	}
	vector, ok := value.(model.Vector)
	if !ok {
		return nil, fmt.Errorf("query %s: got a %s, want an instant vector", expr, value.Type())
	}
	return vector, nil
}
