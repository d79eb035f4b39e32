package cache

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

func scaledObject(target model.Ref) NeighborSets {
	sets := NoNeighbors()
	sets.ScaledObjects = pipeline.KnownSet(model.Autoscaler{Kind: model.KindScaledObject, Namespace: "ns", Name: "so", Scales: target})
	return sets
}

func TestAutoscalersTouchWhatTheyScaledBefore(t *testing.T) {
	of := func(deployment string) model.Ref { return model.Ref{Kind: "Deployment", Name: deployment} }
	before := NewNeighbors(scaledObject(of("a")), nil)
	after := NewNeighbors(scaledObject(of("b")), before)
	got := after.Touched()
	slices.SortFunc(got, func(a, b types.NamespacedName) int { return len(a.Name) - len(b.Name) })
	if len(got) != 2 || !slices.Contains(got, types.NamespacedName{Namespace: "ns", Name: "a"}) {
		t.Errorf("touched are %v", got)
	}
	if !before.Turned() || after.Turned() {
		t.Errorf("turned at the first outcome %t, at the second, which is alike, %t", before.Turned(), after.Turned())
	}
	if list, unread := after.Scaling("ns", of("b")); len(list) != 1 || unread != "" {
		t.Errorf("of b are %v, unread %q", list, unread)
	}
	if list, _ := after.Scaling("ns", of("a")); len(list) != 0 {
		t.Errorf("of a are %v", list)
	}
}

func statefulSet(name string, podLabels map[string]string) model.PodOwner {
	return model.PodOwner{
		Kind: model.KindStatefulSet, Namespace: "ns", Name: name, PodLabels: podLabels,
		Selector: &metav1.LabelSelector{MatchLabels: podLabels},
	}
}

func TestOwnersThatChangedOrAreScaledOtherwise(t *testing.T) {
	db, cache := statefulSet("db", map[string]string{"app": "db"}), statefulSet("cache", map[string]string{"app": "cache"})
	sets := NoNeighbors()
	sets.StatefulSets = pipeline.KnownSet(cache, db)
	first := NewNeighbors(sets, nil)
	if names := changed(first); !slices.Equal(names, []string{"cache", "db"}) {
		t.Errorf("at first changed are %v", names)
	}
	if names := changed(NewNeighbors(sets, first)); len(names) > 0 {
		t.Errorf("of the same changed are %v", names)
	}
	scaled := sets
	scaled.ScaledObjects = scaledObject(db.Ref()).ScaledObjects
	second := NewNeighbors(scaled, first)
	if names := changed(second); !slices.Equal(names, []string{"db"}) || len(second.Touched()) > 0 {
		t.Errorf("with a ScaledObject changed are %v, touched %v", names, second.Touched())
	}
	gone := sets
	gone.StatefulSets = pipeline.KnownSet(db)
	if names := changed(NewNeighbors(gone, first)); !slices.Equal(names, []string{"cache"}) {
		t.Errorf("without the second changed are %v", names)
	}
	other := sets
	other.StatefulSets = pipeline.KnownSet(cache, statefulSet("db", map[string]string{"app": "other"}))
	if names := changed(NewNeighbors(other, first)); !slices.Equal(names, []string{"db", "db"}) {
		t.Errorf("with other labels changed are %v, want it as it is and as it was", names)
	}
}

func changed(n *Neighbors) []string {
	var out []string
	for _, o := range n.Changed() {
		out = append(out, o.Name)
	}
	slices.Sort(out)
	return out
}

func TestWhatIsNotReadIsNotAbsent(t *testing.T) {
	deployment := model.Ref{Kind: "Deployment", Name: "echo"}
	for state, known := range map[pipeline.State]bool{
		pipeline.Known: true, pipeline.NotInstalled: true, pipeline.Unread: false, pipeline.Unreadable: false,
	} {
		autoscalers, owners, canaries, limits := NoNeighbors(), NoNeighbors(), NoNeighbors(), NoNeighbors()
		autoscalers.WatermarkPodAutoscalers.State, autoscalers.WatermarkPodAutoscalers.Why = state, "forbidden"
		owners.Rollouts.State, owners.Rollouts.Why = state, "forbidden"
		canaries.Canaries.State, canaries.Canaries.Why = state, "forbidden"
		limits.LimitRanges.State, limits.LimitRanges.Why = state, "forbidden"
		_, scaling := NewNeighbors(autoscalers, nil).Scaling("ns", deployment)
		_, takeovers := NewNeighbors(canaries, nil).Takeovers("ns", "echo")
		_, rollouts := NewNeighbors(owners, nil).Takeovers("ns", "echo")
		_, cpu := NewNeighbors(limits, nil).CPURequestIsDefaulted("ns")
		behind := NewNeighbors(owners, nil).behind("ns", model.Service{Selector: map[string]string{"app": "echo"}}).Unread
		for name, unread := range map[string]string{"scaling": scaling, "takeovers": takeovers, "rollouts": rollouts, "cpu": cpu, "behind": behind} {
			if (unread == "") != known {
				t.Errorf("%s, %q: unread is %q", name, state, unread)
			}
		}
		if NewNeighbors(autoscalers, nil).Unread() != (state == pipeline.Unread) {
			t.Errorf("%q: nobody has looked yet: %t", state, NewNeighbors(autoscalers, nil).Unread())
		}
	}
}
