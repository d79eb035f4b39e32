package set

import (
	"slices"
	"testing"

	"github.com/kong-latency/kong-latency/internal/annotations"
)

// Every key that users may write has a flag.
func TestEveryKeyHasAFlag(t *testing.T) {
	for _, k := range annotations.Keys() {
		has := slices.ContainsFunc(flags, func(f flag) bool { return f.key == k.Name })
		if has == k.Written {
			t.Errorf("%s: has a flag: %v, written by the product: %v", k.Name, has, k.Written)
		}
	}
}

func TestBareFlagsAreAllowedValues(t *testing.T) {
	for _, f := range flags {
		if f.bare == "" {
			continue
		}
		if p := annotations.Parse(annotations.OnDeployment, map[string]string{f.key: f.bare}); len(p.Violations) > 0 {
			t.Errorf("--%s: %v", f.name, p.Violations)
		}
	}
}
