package policy

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
)

func TestTargetVerySmall(t *testing.T) {
	for target, want := range map[string]bool{"0.04": true, "0.099": true, "0.1": false, "40": false} {
		q := resource.MustParse(target)
		_, got := Resolve(finding.Object{}, annotations.Settings{Target: &q}, nil)
		if finding.Has(got, TargetVerySmall) != want {
			t.Errorf("%s: got %v", target, got)
		}
	}
}
