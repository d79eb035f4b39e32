package lint

import (
	"slices"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/cluster/files"
	"github.com/kong-latency/kong-latency/internal/cluster/files/manifests"
	"github.com/kong-latency/kong-latency/internal/finding"
)

// locator knows in which line a mistake is.
type locator struct{ cluster *files.Cluster }

// locate is the line of an annotation or a field that the finding is about, or else
// that of the object's name. A finding about an object that is not in the files
// is at the first object that there is.
func (l locator) locate(f finding.Finding) manifests.Position {
	o, ok := l.object(f.Object)
	if !ok {
		return l.fallback()
	}
	if len(f.Field) > 0 {
		return field(o, f.Field)
	}
	at, _ := o.Position("metadata", "name")
	return at
}

// field is the line of a field, or if it is absent of the nearest one around it; of an
// object's metadata that is its name. What is below an entry of a ConfigMap's data is in the text of the entry.
func field(o manifests.Object, path finding.Path) manifests.Position {
	if o.GetKind() == "ConfigMap" && len(path) > 2 && path[0] == "data" {
		at, _ := o.PositionIn(path[:2], path[2:])
		return at
	}
	at, there := o.Position(path...)
	if !there && len(path) > 1 && path[0] == "metadata" {
		at, _ = o.Position("metadata", "name")
		return at
	}
	for ; !there && len(path) > 0; path = path[:len(path)-1] {
		at, there = o.Position(path...)
	}
	return at
}

// object is the object of a finding; of several of the same name the last one,
// which is the one that holds.
func (l locator) object(name finding.Object) (manifests.Object, bool) {
	for _, o := range slices.Backward(l.cluster.Objects) {
		if files.Name(o) == name {
			return o, true
		}
	}
	// Findings about kinds without a namespace name none.
	for _, o := range slices.Backward(l.cluster.Objects) {
		if o.GetKind() == name.Kind && o.GetName() == name.Name && name.Namespace == "" {
			return o, true
		}
	}
	return manifests.Object{}, false
}

func (l locator) fallback() manifests.Position {
	for _, o := range l.cluster.Objects {
		if _, ok := annotated(o); ok {
			if at, ok := o.Position(path(annotations.TargetMS)...); ok {
				return at
			}
		}
	}
	if len(l.cluster.Objects) == 0 {
		return manifests.Position{}
	}
	at, _ := l.cluster.Objects[0].Position("metadata", "name")
	return at
}
