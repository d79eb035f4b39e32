package plan

import (
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// Policies knows which policy rules a workload. Nil means that there are none.
type Policies interface {
	// For says what rules w, by the Deployment's labels and its namespace's.
	For(w model.Workload) Ruling
}

// Ruling is what rules one workload. The zero value is the built-in defaults.
type Ruling struct {
	// Policy is nil if no policy selects the workload.
	Policy *policy.Policy
	// AutoAttach is the target in milliseconds at which the workload is attached
	// without being asked; nil if it is not.
	AutoAttach *resource.Quantity
	// Unknown is true if it cannot be told yet; all else is empty then.
	Unknown bool
}

// Rules is Policies made of a set of policies and the labels of namespaces.
type Rules struct {
	// Set is all policies; nil is none.
	Set *policy.Set
	// Namespace returns the labels of a namespace; ok is false if they are not known.
	Namespace func(name string) (l map[string]string, ok bool)
}

// For implements Policies.
func (r Rules) For(w model.Workload) Ruling {
	if r.Set.Empty() {
		return Ruling{}
	}
	namespace, ok := r.Namespace(w.Namespace)
	if !ok {
		return Ruling{Unknown: true}
	}
	out := Ruling{Policy: r.Set.For(labels.Set(namespace), labels.Set(w.Labels))}
	if q, ok := out.Policy.AutoAttach(labels.Set(namespace)); ok {
		out.AutoAttach = &q
	}
	return out
}

// RulingOf asks the policies, of which there may be none.
func RulingOf(p Policies, w model.Workload) Ruling {
	if p == nil {
		return Ruling{}
	}
	return p.For(w)
}
