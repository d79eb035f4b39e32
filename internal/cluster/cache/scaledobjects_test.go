package cache

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

func TestScaledObjectsTouchWhatTheyScaledBefore(t *testing.T) {
	of := func(deployment string) model.Autoscaler {
		return model.Autoscaler{Kind: model.KindScaledObject, Namespace: "ns", Name: "so", Scales: model.Ref{Kind: "Deployment", Name: deployment}}
	}
	before := NewScaledObjects(pipeline.KnownSet(of("a")), nil)
	after := NewScaledObjects(pipeline.KnownSet(of("b")), before)
	got := after.Touched()
	slices.SortFunc(got, func(a, b types.NamespacedName) int { return len(a.Name) - len(b.Name) })
	if len(got) != 2 || !slices.Contains(got, types.NamespacedName{Namespace: "ns", Name: "a"}) {
		t.Errorf("touched are %v", got)
	}
	if !before.Turned() || after.Turned() {
		t.Errorf("turned at the first outcome %t, at the second, which is alike, %t", before.Turned(), after.Turned())
	}
	if list, unread := after.Of("ns", "b"); len(list) != 1 || unread != "" {
		t.Errorf("of b are %v, unread %q", list, unread)
	}
	if list, _ := after.Of("ns", "a"); len(list) != 0 {
		t.Errorf("of a are %v", list)
	}
}

func TestScaledObjectsThatAreNotReadAreNotAbsent(t *testing.T) {
	for state, known := range map[pipeline.State]bool{
		pipeline.Known: true, pipeline.NotInstalled: true, pipeline.Unread: false, pipeline.Unreadable: false,
	} {
		s := NewScaledObjects(pipeline.Set[model.Autoscaler]{State: state, Why: "forbidden"}, nil)
		if _, unread := s.Of("ns", "echo"); (unread == "") != known {
			t.Errorf("%q: unread is %q", state, unread)
		}
		if s.Unread() != (state == pipeline.Unread) {
			t.Errorf("%q: nobody has looked yet: %t", state, s.Unread())
		}
	}
}
