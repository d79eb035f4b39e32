package settings_test

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/autoscale"
	"github.com/kong-latency/kong-latency/test/control/settings"
	"github.com/kong-latency/kong-latency/test/control/workload"
)

func TestCasesAreDistinctObjects(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range settings.Cases() {
		if errs := validation.IsDNS1035Label(c.Name()); len(errs) > 0 {
			t.Errorf("%s is no name of a Service: %v", c.Name(), errs)
		}
		if seen[c.Name()] {
			t.Errorf("there are two cases %s", c.Name())
		}
		seen[c.Name()] = true
		if n := workload.New(c, 0).Replicas(); n < 1 || n > c.Plant.MaxReplicas {
			t.Errorf("%s begins with %d pods of at most %d", c.Name(), n, c.Plant.MaxReplicas)
		}
	}
}

// TestSettingsAreUnderstood holds that the product knows the annotations and profiles, and
// the pure algorithm the metrics.
func TestSettingsAreUnderstood(t *testing.T) {
	names, profiles, err := settings.Profiles()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range settings.Cases() {
		if !c.Setting.Product() {
			spec, err := settings.HPA(c)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := autoscale.New(spec, autoscale.DefaultOptions()); err != nil {
				t.Errorf("%s: %v", c.Name(), err)
			}
			continue
		}
		all := settings.Annotations(c)
		if p := annotations.Parse(annotations.OnDeployment, all); len(p.Violations) > 0 {
			t.Errorf("%s: %v", c.Name(), p.Violations)
		}
		if name, ok := all[annotations.Behavior]; ok && !slices.Contains(names, name) {
			t.Errorf("%s: there is no profile %s", c.Name(), name)
		}
	}
	for name, b := range profiles {
		if *b.ScaleDown.StabilizationWindowSeconds >= 300 {
			t.Errorf("profile %s is not in compressed time", name)
		}
	}
}

func TestNamed(t *testing.T) {
	some, err := settings.Named("slots4-constant,slots1-steps-cpu")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(settings.All()) + 1; len(some) != n {
		t.Errorf("%d cases, want %d", len(some), n)
	}
	if _, err := settings.Named("slots4-constant,nothing"); err == nil || !strings.Contains(err.Error(), "slots16-steps") {
		t.Errorf("error %v, want the rows that there are", err)
	}
}
