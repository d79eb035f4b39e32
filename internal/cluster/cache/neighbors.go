package cache

import (
	"cmp"
	"maps"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// NeighborSets are the objects of a cluster that concern the pods and the replicas of
// Deployments, and are neither Deployments nor HorizontalPodAutoscalers: each kind as it
// was read.
type NeighborSets struct {
	ScaledObjects, HTTPScaledObjects                pipeline.Set[model.Autoscaler]
	DatadogPodAutoscalers, WatermarkPodAutoscalers  pipeline.Set[model.Autoscaler]
	StatefulSets, DaemonSets, ReplicaSets, Rollouts pipeline.Set[model.PodOwner]
	Canaries                                        pipeline.Set[model.Takeover]
	LimitRanges                                     pipeline.Set[model.CPUDefault]
}

// NoNeighbors returns sets that are known to be empty.
func NoNeighbors() NeighborSets {
	autoscalers, owners := pipeline.KnownSet[model.Autoscaler](), pipeline.KnownSet[model.PodOwner]()
	return NeighborSets{
		ScaledObjects: autoscalers, HTTPScaledObjects: autoscalers, DatadogPodAutoscalers: autoscalers, WatermarkPodAutoscalers: autoscalers,
		StatefulSets: owners, DaemonSets: owners, ReplicaSets: owners, Rollouts: owners,
		Canaries: pipeline.KnownSet[model.Takeover](), LimitRanges: pipeline.KnownSet[model.CPUDefault](),
	}
}

func (s NeighborSets) autoscalers() []pipeline.Set[model.Autoscaler] {
	return []pipeline.Set[model.Autoscaler]{s.ScaledObjects, s.HTTPScaledObjects, s.DatadogPodAutoscalers, s.WatermarkPodAutoscalers}
}

func (s NeighborSets) owners() []pipeline.Set[model.PodOwner] {
	return []pipeline.Set[model.PodOwner]{s.StatefulSets, s.DaemonSets, s.ReplicaSets, s.Rollouts}
}

// Neighbors is NeighborSets at one moment, indexed. It is immutable. A nil Neighbors is
// empty and known.
type Neighbors struct {
	sets NeighborSets
	// scaling is the autoscalers by what they scale, takeovers those of each Deployment,
	// and owners, defaulting the namespaces that have any.
	scaling    map[targetKey][]model.Autoscaler
	takeovers  map[types.NamespacedName][]model.Takeover
	owners     map[string]*model.PodIndex
	byRef      map[targetKey]model.PodOwner
	defaulting map[string]bool
	// touched is every Deployment that an autoscaler or a takeover concerns now, or did the
	// moment before.
	touched []types.NamespacedName
	// changed is every other owner that is not as it was the moment before, as it is and
	// was, or that an autoscaler concerns.
	changed []model.PodOwner
	// turned is true if the moment before it stood otherwise with a kind as a whole.
	turned bool
}

type targetKey struct {
	namespace string
	target    model.Ref
}

// NewNeighbors is the neighbors of sets, which come after those before; before may be nil.
func NewNeighbors(sets NeighborSets, before *Neighbors) *Neighbors {
	if before == nil {
		before = &Neighbors{}
	}
	n := &Neighbors{
		sets: sets, scaling: map[targetKey][]model.Autoscaler{}, takeovers: map[types.NamespacedName][]model.Takeover{},
		owners: map[string]*model.PodIndex{}, defaulting: map[string]bool{},
	}
	for _, set := range sets.autoscalers() {
		for _, a := range set.Items {
			key := targetKey{a.Namespace, a.Scales}
			n.scaling[key] = append(n.scaling[key], a)
		}
	}
	n.takeOver()
	if reflect.DeepEqual(sets.owners(), before.sets.owners()) {
		n.owners, n.byRef = before.owners, before.byRef
	} else {
		n.own()
	}
	for _, d := range sets.LimitRanges.Items {
		if d.Sets {
			n.defaulting[d.Namespace] = true
		}
	}
	n.compare(before)
	return n
}

func (n *Neighbors) takeOver() {
	add := func(t model.Takeover) {
		if t.Deployment != "" {
			key := types.NamespacedName{Namespace: t.Namespace, Name: t.Deployment}
			n.takeovers[key] = append(n.takeovers[key], t)
		}
	}
	for _, set := range n.sets.owners() {
		for _, o := range set.Items {
			if o.TakesOver != nil {
				add(*o.TakesOver)
			}
		}
	}
	for _, t := range n.sets.Canaries.Items {
		add(t)
	}
}

func (n *Neighbors) own() {
	n.byRef = map[targetKey]model.PodOwner{}
	by := map[string][]model.PodOwner{}
	for _, set := range n.sets.owners() {
		for _, o := range set.Items {
			n.byRef[targetKey{o.Namespace, o.Ref()}] = o
			if o.Selector != nil || o.PodLabels != nil {
				by[o.Namespace] = append(by[o.Namespace], o)
			}
		}
	}
	for namespace, list := range by {
		n.owners[namespace] = model.NewPodIndex(list)
	}
}

// compare finds out what changed since before.
func (n *Neighbors) compare(before *Neighbors) {
	n.turned = !slices.Equal(n.standing(), before.standing()) || !maps.Equal(n.defaulting, before.defaulting)
	touched := map[types.NamespacedName]bool{}
	owners := map[targetKey]bool{}
	for _, at := range []*Neighbors{n, before} {
		for key := range at.takeovers {
			touched[key] = true
		}
		for key := range at.scaling {
			if key.target.Kind == deploymentKind {
				touched[types.NamespacedName{Namespace: key.namespace, Name: key.target.Name}] = true
			} else {
				owners[key] = true
			}
		}
	}
	for key := range touched {
		n.touched = append(n.touched, key)
	}
	for key, o := range n.byRef {
		was, had := before.byRef[key]
		if !had || owners[key] || !reflect.DeepEqual(o, was) {
			n.changed = append(n.changed, o)
		}
	}
	for key, was := range before.byRef {
		if o, still := n.byRef[key]; !still || !reflect.DeepEqual(o, was) {
			n.changed = append(n.changed, was)
		}
	}
}

// standing is what is known of each kind as a whole.
func (n *Neighbors) standing() []string {
	var out []string
	for _, set := range n.sets.autoscalers() {
		out = append(out, unread(set.State, set.Why))
	}
	for _, set := range n.sets.owners() {
		out = append(out, unread(set.State, set.Why))
	}
	return append(out, unread(n.sets.Canaries.State, n.sets.Canaries.Why), unread(n.sets.LimitRanges.State, n.sets.LimitRanges.Why))
}

// unread says why a kind is not known; it is empty if it is.
func unread(state pipeline.State, why string) string {
	switch state {
	case pipeline.Known, pipeline.NotInstalled:
		return ""
	case pipeline.Unread:
		return "they have not been read yet"
	default:
		return why
	}
}

// Sets is the neighbors as they were read; they must not be changed.
func (n *Neighbors) Sets() NeighborSets { return n.sets }

// Unread reports whether the first attempt to read a kind has no outcome yet.
func (n *Neighbors) Unread() bool {
	if n == nil {
		return false
	}
	for _, set := range n.sets.autoscalers() {
		if set.State == pipeline.Unread {
			return true
		}
	}
	for _, set := range n.sets.owners() {
		if set.State == pipeline.Unread {
			return true
		}
	}
	return n.sets.Canaries.State == pipeline.Unread
}

// Complete reports whether every kind could be read, or is not installed.
func (n *Neighbors) Complete() bool {
	return n == nil || !slices.ContainsFunc(n.standing(), func(why string) bool { return why != "" })
}

// Touched returns every Deployment that the latest change can affect by an autoscaler or
// another controller.
func (n *Neighbors) Touched() []types.NamespacedName { return n.touched }

// Changed returns every pod owner that the latest change can affect, as it is now and as
// it was.
func (n *Neighbors) Changed() []model.PodOwner { return n.changed }

// Turned reports whether the latest change made a kind known, or unknown, or gave pods of
// a namespace another CPU request. That can affect every Deployment.
func (n *Neighbors) Turned() bool { return n.turned }

// Scaling returns the autoscalers that scale an object; unread says why they are not
// known, and is empty if they are.
func (n *Neighbors) Scaling(namespace string, target model.Ref) (list []model.Autoscaler, why string) {
	if n == nil {
		return nil, ""
	}
	for _, set := range n.sets.autoscalers() {
		why = cmp.Or(why, unread(set.State, set.Why))
	}
	return n.scaling[targetKey{namespace, target}], why
}

// Takeovers returns by what other controllers run the pods of a Deployment; unread says
// why that is not known.
func (n *Neighbors) Takeovers(namespace, deployment string) (list []model.Takeover, why string) {
	if n == nil {
		return nil, ""
	}
	why = cmp.Or(unread(n.sets.Rollouts.State, n.sets.Rollouts.Why), unread(n.sets.Canaries.State, n.sets.Canaries.Why))
	return n.takeovers[types.NamespacedName{Namespace: namespace, Name: deployment}], why
}

// Owner returns the owner of pods that a Ref names, unless it is a Deployment.
func (n *Neighbors) Owner(namespace string, target model.Ref) (model.PodOwner, bool) {
	if n == nil {
		return model.PodOwner{}, false
	}
	o, ok := n.byRef[targetKey{namespace, target}]
	return o, ok
}

// Owners returns what look finds among the owners of a namespace.
func (n *Neighbors) Owners(namespace string, look func(*model.PodIndex) model.Owners) model.Owners {
	if n == nil {
		return model.Owners{}
	}
	out := look(n.owners[namespace])
	for _, set := range n.sets.owners() {
		out.Unread = cmp.Or(out.Unread, unread(set.State, set.Why))
	}
	return out
}

// CPURequestIsDefaulted reports whether containers of a namespace get a CPU request from a
// LimitRange; unread says why that is not known.
func (n *Neighbors) CPURequestIsDefaulted(namespace string) (is bool, why string) {
	if n == nil {
		return false, ""
	}
	if n.defaulting[namespace] {
		return true, ""
	}
	return false, unread(n.sets.LimitRanges.State, n.sets.LimitRanges.Why)
}
