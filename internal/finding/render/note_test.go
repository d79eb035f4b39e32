package render_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/internal/finding/render"
)

type plan string

func (p plan) String() string { return string(p) }

func TestNotes(t *testing.T) {
	var p fmt.Stringer = plan("HPA echo: …")
	got := []string{
		render.WillAttach(p), render.WillChange("echo", plan("target 40 ms to 50 ms")), render.WillAdopt(p), render.WillDetach(), render.WillRestore("old"),
		render.NoEffect("kong.latency/target-ms"), render.Stamped("frame", "kong.latency/target-ms", "50", "off"),
		render.RaisedReplicas(1, 3), render.KeptReplicas(8, 1, "echo", "kong.latency/preserve-replicas"),
		render.PolicyNotChecked("broken"),
	}
	want := []string{
		"will attach HPA echo: …",
		"will change HPA echo: target 40 ms to 50 ms",
		"will adopt HPA echo: …; its previous spec is kept",
		"will detach the HPA; the replicas stay as they are",
		"will restore the previous spec of HPA old; the replicas stay as they are",
		"annotations have no effect: neither this object nor its pair carries kong.latency/target-ms",
		`LatencyPolicy frame enables autoscaling: wrote kong.latency/target-ms: "50"; set it to "off" to opt out`,
		"raised spec.replicas from 1 to 3, the minimum of its autoscaling",
		`kept spec.replicas at 8, as HPA echo has it, instead of 1: remove spec.replicas from the manifest, or set kong.latency/preserve-replicas: "false"`,
		"not checked whether the policy applies to any Deployment: broken",
	}
	for i := range want {
		want[i] = "kong-latency: " + want[i]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	for _, line := range []string{render.WillAttach(plan(strings.Repeat("x", 1000))), render.PolicyNotChecked(strings.Repeat("x", 1000))} {
		if len(line) > render.MaxWarning {
			t.Errorf("a line is %d bytes long", len(line))
		}
	}
}
