package rulecheck

import (
	"fmt"
	"strings"
	"testing"
)

// large is a configuration of 2,000 rules and at least 1 MB whose rules all
// match the series; only the first, or none, makes the metric.
func large(first string) string {
	var b strings.Builder
	b.WriteString("rules:\n")
	for i := range 2000 {
		rule := strings.TrimPrefix(seedRule, "\nrules:\n")
		rule = strings.ReplaceAll(rule, "  metricsQuery", "  seriesFilters: [{isNot: ^container_}, {isNot: _total$}]\n  metricsQuery")
		name := fmt.Sprintf("metric_%d", i)
		if i == 0 {
			name = first
		}
		b.WriteString(strings.ReplaceAll(rule, seedMetric, name))
	}
	return b.String()
}

// oneQuestion is more than how often evaluating a single query allocates.
const oneQuestion = 5000

func TestLargeConfiguration(t *testing.T) {
	doc := large(seedMetric)
	if len(doc) < 1<<20 {
		t.Fatalf("the configuration has only %d bytes", len(doc))
	}
	c := mustParse(t, doc)
	for metric, want := range map[string]Kind{seedMetric: Served, "missing": NameDiffers} {
		target := echo()
		target.Metric = metric
		if v := explain(t, c, target); v.Kind != want {
			t.Errorf("%s: got %+v", metric, v)
		}
		if n := allocations(c, target); n > 3*c.Len()+oneQuestion {
			t.Errorf("%s: %d allocations for %d rules", metric, n, c.Len())
		}
	}
}

func BenchmarkExplain(b *testing.B) {
	for name, metric := range map[string]string{"first of 2000": seedMetric, "none of 2000": "missing"} {
		b.Run(name, func(b *testing.B) {
			c := mustParse(b, large(seedMetric))
			target := echo()
			target.Metric = metric
			for b.Loop() {
				Explain(c, target)
			}
		})
	}
}
