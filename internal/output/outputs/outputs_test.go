package outputs_test

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/output/outputs"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// What an output says of itself is consistent, and its objects are managed once applied.
func TestOutputs(t *testing.T) {
	kinds := map[string]bool{}
	for _, o := range outputs.All() {
		kind := o.GroupVersionKind().Kind
		t.Run(kind, func(t *testing.T) {
			if kinds[kind] {
				t.Error("another output has this kind")
			}
			kinds[kind] = true
			if found, ok := outputs.OfKind(kind); !ok || found != o {
				t.Errorf("of this kind is %v", found)
			}
			for _, r := range o.Reasons() {
				if r.Hop != o.Hop() {
					t.Errorf("%s is of hop %s", r.Name, r.Hop)
				}
			}
			if !meta.IsListType(o.NewList()) {
				t.Errorf("%T is no list", o.NewList())
			}
			p := plan.Plan{Namespace: "ns", Name: "echo", Deployment: "echo", DeploymentUID: "u"}
			u, err := o.Desired(p)
			if err != nil {
				t.Fatal(err)
			}
			if u.GroupVersionKind() != o.GroupVersionKind() || u.GetName() != p.Name || u.GetNamespace() != p.Namespace {
				t.Errorf("desired is %s %s/%s", u.GroupVersionKind(), u.GetNamespace(), u.GetName())
			}
			if !output.Created(u) || !output.Managed(u) || output.Adopted(u) || !output.OwnedBy(u, p.DeploymentUID) {
				t.Errorf("desired is not managed: %v", u.Object["metadata"])
			}
			if o.UpToDate(u, p) || o.Observe(u).Scaling.Known {
				t.Error("an object of another type is up to date or scales")
			}
			if now, _ := o.Paused(o.New(), p); now != annotations.PauseNone {
				t.Errorf("an empty object is paused in %s", now)
			}
		})
	}
	if len(outputs.Hops()) != len(kinds) || len(slices.Compact(outputs.Hops())) != len(kinds) {
		t.Errorf("%d hops of %d outputs", len(outputs.Hops()), len(kinds))
	}
	if _, ok := outputs.OfKind("Deployment"); ok {
		t.Error("a Deployment is an output")
	}
}
