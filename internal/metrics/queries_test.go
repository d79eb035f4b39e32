package metrics

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/test/testutil/dashboard"
)

// query is a shipped query and its location.
type query struct{ where, text string }

// Every metric and label of the shipped queries is declared.
func TestShippedQueriesUseDeclaredMetrics(t *testing.T) {
	queries := append(alertQueries(t), dashboardQueries(t)...)
	queried := map[string]bool{}
	for _, q := range queries {
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(dashboard.Expand(q.text, map[string]string{"__rate_interval": "5m"}))
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
	name := s.Name
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if trimmed := strings.TrimSuffix(s.Name, suffix); trimmed != s.Name && declared(trimmed) >= 0 {
			name = trimmed
		}
	}
	i := declared(name)
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

// declared returns the index of a metric among all, or -1.
func declared(name string) int {
	return slices.IndexFunc(slices.Concat(Product(), Others()), func(m Metric) bool { return m.Name == name })
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
	raw, err := os.ReadFile(path("prometheus", "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(raw, &rule); err != nil {
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
	queries, err := shippedDashboard(t).Queries()
	if err != nil {
		t.Fatal(err)
	}
	var out []query
	for _, q := range queries {
		out = append(out, query{q.Where, q.Expr})
	}
	if len(out) == 0 {
		t.Fatal("found no query")
	}
	return out
}

func shippedDashboard(t *testing.T) *dashboard.Dashboard {
	t.Helper()
	d, err := dashboard.Read(path("grafana", "kong-latency.json"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The dashboard has the three rows, whose panels do not overlap, and its tables of
// workloads lead to the row of the workload.
func TestDashboardIsWellFormed(t *testing.T) {
	d := shippedDashboard(t)
	var rows []string
	for _, r := range d.Rows() {
		rows = append(rows, r.Title)
		for _, p := range r.Panels {
			if len(p.Targets) == 0 {
				t.Errorf("panel %s has no query", p.Title)
			}
			if r.Title == "Fleet" && p.Type == "table" && !leadsToWorkload(p, d.UID) {
				t.Errorf("panel %s has no link to the workload", p.Title)
			}
		}
	}
	if diff := cmp.Diff([]string{"Fleet", "Workload $namespace/$deployment", "Product health"}, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	ids := map[int]bool{}
	cells := map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("panel %s has the ID %d of another panel", p.Title, p.ID)
		}
		ids[p.ID] = true
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				cell := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other := cells[cell]; other != "" {
					t.Fatalf("panels %s and %s overlap", p.Title, other)
				}
				cells[cell] = p.Title
			}
		}
	}
	for _, a := range d.Annotations.List {
		for _, id := range a.Filter.IDs {
			if !ids[id] {
				t.Errorf("annotation %s is for panel %d, which does not exist", a.Name, id)
			}
		}
	}
}

// leadsToWorkload reports whether the names of Deployments are links that set the variables
// of the dashboard with this UID.
func leadsToWorkload(p dashboard.Panel, uid string) bool {
	for _, o := range p.FieldConfig.Overrides {
		if o.Matcher.ID != "byName" || o.Matcher.Options != "deployment" {
			continue
		}
		for _, property := range o.Properties {
			links := fmt.Sprint(property.Value)
			if property.ID == "links" && strings.Contains(links, "/d/"+uid+"/") &&
				strings.Contains(links, "var-namespace=${__data.fields.namespace}") &&
				strings.Contains(links, "var-deployment=${__data.fields.deployment}") {
				return true
			}
		}
	}
	return false
}

func path(elements ...string) string {
	return filepath.Join(append([]string{"..", "..", "config"}, elements...)...)
}
