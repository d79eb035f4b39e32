package annotations_test

import (
	"strings"
	"testing"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
)

// Of a value, however long, a message quotes the beginning.
func TestViolationsQuoteLittle(t *testing.T) {
	huge := strings.Repeat("Z", 100_000)
	all := map[string]string{annotations.Prefix + huge: huge}
	for _, k := range annotations.Keys() {
		all[k.Name] = huge
	}
	for _, kind := range []annotations.Kind{annotations.OnDeployment, annotations.OnService} {
		found := annotations.Parse(kind, all).Findings(finding.Object{Kind: "Deployment", Name: "x"})
		if len(found) < 5 {
			t.Fatalf("only %d violations", len(found))
		}
		for _, f := range found {
			if strings.Contains(f.Message, strings.Repeat("Z", finding.MaxQuote+1)) {
				t.Errorf("%.300s", f.Message)
			}
		}
	}
}
