package adapterconfig

import (
	"fmt"
	"strings"
	"testing"
)

// manyRules has n rules of half a kilobyte.
func manyRules(n int) []byte {
	var doc strings.Builder
	doc.WriteString("rules:\n")
	for i := range n {
		rule := strings.TrimPrefix(seedRule, "\nrules:\n")
		rule = strings.ReplaceAll(rule, "  metricsQuery", "  seriesFilters: [{isNot: ^container_}, {isNot: _total$}]\n  metricsQuery")
		doc.WriteString(strings.ReplaceAll(rule, seedMetric, fmt.Sprintf("metric_%d", i)))
	}
	return []byte(doc.String())
}

// BenchmarkParse reads a configuration of 2,000 rules and about 1 MB.
func BenchmarkParse(b *testing.B) {
	doc := manyRules(2000)
	for b.Loop() {
		if _, err := Parse(doc, CoreResources); err != nil {
			b.Fatal(err)
		}
	}
}

// What is parsed allocates in proportion to its size.
func TestParseIsLinear(t *testing.T) {
	parse := func(n int) float64 {
		doc := manyRules(n)
		return testing.AllocsPerRun(1, func() {
			if _, err := Parse(doc, CoreResources); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := parse(100), parse(1000); many > 11*few {
		t.Errorf("%.0f allocations for 100 rules, and %.0f for ten times as many", few, many)
	}
}

// Aliases of lists of aliases would expand a short document to a billion nodes.
func TestParseExpandsNoAliases(t *testing.T) {
	doc := "rules:\n- &a0 {seriesQuery: up}\n"
	for i := range 9 {
		doc += fmt.Sprintf("- &a%d [%s*a%d]\n", i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), i)
	}
	var err error
	n := testing.AllocsPerRun(1, func() { _, err = Parse([]byte(doc), CoreResources) })
	if err == nil || n > 10_000 {
		t.Errorf("%.0f allocations, error %v", n, err)
	}
}
