package adapterconfig

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkParse reads a configuration of 2,000 rules and about 1 MB.
func BenchmarkParse(b *testing.B) {
	var doc strings.Builder
	doc.WriteString("rules:\n")
	for i := range 2000 {
		rule := strings.TrimPrefix(seedRule, "\nrules:\n")
		rule = strings.ReplaceAll(rule, "  metricsQuery", "  seriesFilters: [{isNot: ^container_}, {isNot: _total$}]\n  metricsQuery")
		doc.WriteString(strings.ReplaceAll(rule, seedMetric, fmt.Sprintf("metric_%d", i)))
	}
	for b.Loop() {
		if _, err := Parse([]byte(doc.String()), CoreResources); err != nil {
			b.Fatal(err)
		}
	}
}
