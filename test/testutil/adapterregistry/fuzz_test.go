package adapterregistry

import (
	"testing"
	"time"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// tooLong is far above what any input of a fuzzer's size needs.
const tooLong = 5 * time.Second

// FuzzRegistry requests every metric that a hostile configuration makes.
func FuzzRegistry(f *testing.F) {
	for _, doc := range []string{
		seedRule, "", "rules: [{}]", `{"rules": []}`,
		"rules: [&a {seriesQuery: up}, *a]",
		"rules: [{resources: {template: '<<.Resource>>'}, metricsQuery: '<<range 9>><<end>>'}]",
		"rules: [{name: {matches: '(a{9}){9}', as: '${1}$$'}}]",
		"rules: [{seriesFilters: [{is: a}, {isNot: b}]}]\n---\nx",
		"a: &a [*a]", "? {}\n: x", "rules:\n\t- x", "!!binary x: y", "<<: {rules: []}",
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		start := time.Now()
		c, err := adapterconfig.Parse(doc, adapterconfig.CoreResources)
		if err != nil {
			return
		}
		found := map[string][]adapterconfig.Series{}
		for _, q := range SeriesQueries(c) {
			found[q] = kong("default", "echo")
		}
		g := listed(c, found)
		for _, k := range g.Keys() {
			if _, err := g.Query(k, "default", []string{"echo"}, nil); err == nil && g.entries[k].rule == nil {
				t.Fatal("a query without a rule")
			}
		}
		if took := time.Since(start); took > tooLong {
			t.Fatalf("took %s", took)
		}
	})
}
