package unset

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/cli/live"
	"github.com/kong-latency/kong-latency/internal/annotations"
)

// Every key that users may write has a flag.
func TestSplitArgs(t *testing.T) {
	refs, keys, err := splitArgs([]string{"deploy/echo", "min-replicas", "kong.latency/max-replicas", "svc/echo"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]live.Ref{{Kind: annotations.OnDeployment, Name: "echo"}, {Kind: annotations.OnService, Name: "echo"}}, refs); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{annotations.MinReplicas, annotations.MaxReplicas}, keys); diff != "" {
		t.Error(diff)
	}
	for _, args := range [][]string{{"min-replicas"}, {"pod/x"}, {"deployment/"}, {"deployment/a/b"}} {
		if _, _, err := splitArgs(args); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
