package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	prometheusapi "github.com/prometheus/client_golang/api"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/kong-latency/kong-latency/test/testutil/dashboard"
)

// rateInterval is what Grafana replaces $__rate_interval with: at least four scrape
// intervals.
const rateInterval = "40s"

// view is the dashboard with the variables set, over a range of time.
type view struct {
	*dashboard.Dashboard
	api    prometheusv1.API
	values map[string]string
	over   prometheusv1.Range
}

// newView resolves the variables as Grafana does, by their queries: in their order, with the
// chosen value, or else the first.
func newView(ctx context.Context, d *dashboard.Dashboard, url string, over prometheusv1.Range, chosen map[string]string) (*view, error) {
	v, err := newQueries(url, over)
	if err != nil {
		return nil, err
	}
	v.Dashboard = d
	for _, variable := range d.Templating.List {
		if variable.Type != "query" {
			continue
		}
		values, err := v.labelValues(ctx, variable)
		if err != nil {
			return nil, err
		}
		value := chosen[variable.Name]
		switch {
		case len(values) == 0:
			return nil, fmt.Errorf("variable %s has no values", variable.Name)
		case value == "":
			value = values[0]
		case !slices.Contains(values, value):
			return nil, fmt.Errorf("variable %s cannot be %s: it has the values %q", variable.Name, value, values)
		}
		v.values[variable.Name] = value
	}
	return v, nil
}

// newQueries is a view without a dashboard: it answers queries without variables.
func newQueries(url string, over prometheusv1.Range) (*view, error) {
	client, err := prometheusapi.NewClient(prometheusapi.Config{Address: url})
	if err != nil {
		return nil, fmt.Errorf("make Prometheus client: %w", err)
	}
	return &view{api: prometheusv1.NewAPI(client), values: map[string]string{"__rate_interval": rateInterval}, over: over}, nil
}

// labelValues are the present values of a variable, sorted.
func (v *view) labelValues(ctx context.Context, variable dashboard.Variable) ([]string, error) {
	selector, label, err := variable.LabelValues()
	if err != nil {
		return nil, err
	}
	found, err := v.instant(ctx, selector)
	if err != nil {
		return nil, err
	}
	values := map[string]bool{}
	for _, s := range found {
		values[string(s.Metric[model.LabelName(label)])] = true
	}
	return slices.Sorted(maps.Keys(values)), nil
}

// instant evaluates a query at the end of the range.
func (v *view) instant(ctx context.Context, expr string) (model.Vector, error) {
	value, _, _, err := v.api.Query(ctx, dashboard.Expand(expr, v.values), v.over.End)
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", expr, err)
	}
	vector, ok := value.(model.Vector)
	if !ok {
		return nil, fmt.Errorf("query %s: it has a %s, not a vector", expr, value.Type())
	}
	return slices.DeleteFunc(vector, func(s *model.Sample) bool { return !finite(s.Value) }), nil
}

// ranged evaluates a query over the range, without values that are not numbers.
func (v *view) ranged(ctx context.Context, expr string) (model.Matrix, error) {
	value, _, _, err := v.api.QueryRange(ctx, dashboard.Expand(expr, v.values), v.over)
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", expr, err)
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		return nil, fmt.Errorf("query %s: it has a %s, not a matrix", expr, value.Type())
	}
	for _, s := range matrix {
		s.Values = slices.DeleteFunc(s.Values, func(p model.SamplePair) bool { return !finite(p.Value) })
	}
	return slices.DeleteFunc(matrix, func(s *model.SampleStream) bool { return len(s.Values) == 0 }), nil
}

func finite(v model.SampleValue) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }

// has returns an error if the query has no data.
func (v *view) has(ctx context.Context, q dashboard.Query) error {
	n := 0
	if q.Instant {
		found, err := v.instant(ctx, q.Expr)
		if err != nil {
			return err
		}
		n = len(found)
	} else {
		found, err := v.ranged(ctx, q.Expr)
		if err != nil {
			return err
		}
		n = len(found)
	}
	if n == 0 {
		return fmt.Errorf("%s has no data: %s", q.Where, dashboard.Expand(q.Expr, v.values))
	}
	return nil
}

// since is the range from a time until now.
func since(begin time.Time, step time.Duration) prometheusv1.Range {
	return prometheusv1.Range{Start: begin, End: time.Now(), Step: step}
}
