package metrics

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"
)

// query is a shipped query and its location.
type query struct{ where, text string }

// Every metric and label of the shipped queries is declared.
func TestShippedQueriesUseDeclaredMetrics(t *testing.T) {
	queries := append(alertQueries(t), dashboardQueries(t)...)
	queried := map[string]bool{}
	for _, q := range queries {
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(strings.ReplaceAll(q.text, "$__rate_interval", "5m"))
		if err != nil {
			t.Errorf("%s: %v", q.where, err)
			continue
		}
		parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
			if s, ok := n.(*parser.VectorSelector); ok {
				queried[checkSelector(t, q, s)] = true
			}
			return nil
		})
	}
	for _, m := range slices.Concat(Product(), Others()) {
		if !queried[m.Name] {
			t.Errorf("%s: neither an alert nor the dashboard queries it", m.Name)
		}
	}
}

// checkSelector checks a selector and returns the name of its metric.
func checkSelector(t *testing.T, q query, s *parser.VectorSelector) string {
	t.Helper()
	name := strings.TrimSuffix(s.Name, "_bucket")
	i := slices.IndexFunc(slices.Concat(Product(), Others()), func(m Metric) bool { return m.Name == name })
	if i < 0 {
		t.Errorf("%s queries %s, which is not declared", q.where, s.Name)
		return name
	}
	m := slices.Concat(Product(), Others())[i]
	if (name != s.Name) != (m.Type == Histogram) {
		t.Errorf("%s queries %s, which is a %s", q.where, s.Name, m.Type)
	}
	for _, matcher := range s.LabelMatchers {
		if matcher.Name != model.MetricNameLabel && !slices.Contains(m.LabelNames(), matcher.Name) {
			t.Errorf("%s uses label %s, which %s does not have", q.where, matcher.Name, m.Name)
		}
	}
	return name
}

func alertQueries(t *testing.T) []query {
	t.Helper()
	var rule struct {
		Spec struct {
			Groups []struct {
				Rules []struct{ Alert, Expr string }
			}
		}
	}
	if err := yaml.Unmarshal(shipped(t, "prometheus", "alerts.yaml"), &rule); err != nil {
		t.Fatal(err)
	}
	var out []query
	for _, g := range rule.Spec.Groups {
		for _, r := range g.Rules {
			out = append(out, query{"alert " + r.Alert, r.Expr})
		}
	}
	if len(out) == 0 {
		t.Fatal("found no alert")
	}
	return out
}

func dashboardQueries(t *testing.T) []query {
	t.Helper()
	var dashboard struct {
		Panels []struct {
			Title, Type string
			ID          int
			Targets     []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(shipped(t, "grafana", "kong-latency.json"), &dashboard); err != nil {
		t.Fatal(err)
	}
	var out []query
	ids := map[int]bool{}
	for _, p := range dashboard.Panels {
		if ids[p.ID] {
			t.Errorf("panel %s has the ID %d of another panel", p.Title, p.ID)
		}
		ids[p.ID] = true
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %s has no query", p.Title)
		}
		for _, target := range p.Targets {
			out = append(out, query{"panel " + p.Title, target.Expr})
		}
	}
	if len(out) == 0 {
		t.Fatal("found no panel")
	}
	return out
}

func shipped(t *testing.T, path ...string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(append([]string{"..", "..", "config"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
