package metrics

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
)

func TestDeclarationsAreComplete(t *testing.T) {
	all := slices.Concat(Product(), Others())
	name := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	seen := map[string]bool{}
	for _, m := range all {
		if seen[m.Name] {
			t.Errorf("%s is declared more than once", m.Name)
		}
		seen[m.Name] = true
		if !strings.HasSuffix(m.Help, ".") {
			t.Errorf("%s: its help is not a sentence: %q", m.Name, m.Help)
		}
		if (m.Source == "") != strings.HasPrefix(m.Name, "kong_latency_") {
			t.Errorf("%s: the product's metrics begin with kong_latency_, and no others do", m.Name)
		}
		for _, l := range m.LabelNames() {
			if !name.MatchString(l) {
				t.Errorf("%s: label %q", m.Name, l)
			}
		}
	}
}

// The names follow Prometheus' conventions.
func TestNamesFollowConventions(t *testing.T) {
	types := map[Type]dto.MetricType{
		Counter: dto.MetricType_COUNTER, Gauge: dto.MetricType_GAUGE, Histogram: dto.MetricType_HISTOGRAM,
	}
	var families []*dto.MetricFamily
	for _, m := range Product() {
		families = append(families, &dto.MetricFamily{Name: &m.Name, Help: &m.Help, Type: types[m.Type].Enum()})
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
