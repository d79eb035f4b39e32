package topology

import (
	"cmp"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// Cause is why a route brings no traffic.
type Cause int

// The causes.
const (
	// NotAttached routes are accepted by no listener of the Gateway.
	NotAttached Cause = iota
	// BackendRefused routes may not refer to the Service, or name a port that it lacks.
	BackendRefused
	// ControllerOff routes are of a kind that the control plane does not read.
	ControllerOff
)

// Refusal says why a route brings no traffic to a Service that it names.
type Refusal struct {
	Cause Cause
	// Route is the route, and Object and Field are where the cause is written.
	Route, Object finding.Object
	Field         []any
	// Why and Fix are clauses for people.
	Why, Fix string
}

func refusedBy(route *gatewayv1.HTTPRoute, cause Cause, a answer) Refusal {
	object := Rule{Route: route}.Object()
	return Refusal{Cause: cause, Route: object, Object: object, Field: a.field, Why: a.no, Fix: a.fix}
}

// turnedOff says that a switch keeps a route from being read.
func turnedOff(route finding.Object, s *Switch) Refusal {
	return Refusal{
		Cause: ControllerOff, Route: route, Object: s.By, Field: s.Field,
		Why: fmt.Sprintf("it turns the controller %s off, so %s is never configured in Kong", s.Name, route),
		Fix: fmt.Sprintf("Set state: enabled for %s in %s, or take the entry out: it is enabled by default.", s.Name, s.By),
	}
}

// place is where a route is attached.
type place struct {
	// gateways are those that accept it, or may; sorted, and twice if it is attached to two
	// listeners. doubt says why none is known to, if that is so.
	gateways []types.NamespacedName
	doubt    string
	refusals []Refusal
	// resolved is what is said of the backends.
	resolved condition
}

// attach finds the Gateways of Kong Operator that accept a route.
func (t *Topology) attach(route *gatewayv1.HTTPRoute, kong func(types.NamespacedName) (bool, string)) place {
	var out place
	certain := false
	for i, p := range route.Spec.ParentRefs {
		key, ok := gatewayOf(route, p)
		if !ok {
			continue
		}
		is, doubt := kong(key)
		status := t.says(route, i, key)
		confirmed := status.accepted.status == metav1.ConditionTrue
		if !is && !confirmed {
			continue
		}
		out.resolved = firmer(out.resolved, status.resolved)
		a := status.served(t.attached(route, i, key), i)
		refused := t.unread(route, key, confirmed, &a)
		if a.no != "" {
			refused = new(refusedBy(route, NotAttached, a))
		}
		if refused != nil {
			out.refusals = append(out.refusals, *refused)
			continue
		}
		if a.doubt == "" && !confirmed {
			a.doubt = doubt
		}
		out.gateways = append(out.gateways, key)
		certain = certain || a.doubt == ""
		out.doubt = cmp.Or(out.doubt, a.doubt)
	}
	if certain {
		out.doubt = ""
	}
	slices.SortFunc(out.gateways, Compare)
	return out
}

// unread returns the refusal of a route whose kind the ControlPlane of a Gateway does not
// read, and otherwise adds to the answer what makes that uncertain.
func (t *Topology) unread(route *gatewayv1.HTTPRoute, gateway types.NamespacedName, confirmed bool, a *answer) *Refusal {
	object := Rule{Route: route}.Object()
	off, doubt := t.reads(gateway)
	switch {
	case off == nil && confirmed:
	case off == nil:
		a.doubt = cmp.Or(a.doubt, doubt)
	case confirmed:
		a.doubt = fmt.Sprintf("%s turns the controller %s off, and the status of %s says that it is accepted", off.By, off.Name, object)
	case doubt != "":
		a.doubt = doubt
	default:
		return new(turnedOff(object, off))
	}
	return nil
}

// gatewayOf is the Gateway that an entry of parentRefs names, which is of the route's
// namespace unless it says otherwise; ok is false if it names another kind.
func gatewayOf(route *gatewayv1.HTTPRoute, p gatewayv1.ParentReference) (key types.NamespacedName, ok bool) {
	if ptr.Deref(p.Group, gatewayv1.GroupName) != gatewayv1.GroupName || ptr.Deref(p.Kind, "Gateway") != "Gateway" {
		return types.NamespacedName{}, false
	}
	return Key(string(ptr.Deref(p.Namespace, gatewayv1.Namespace(route.Namespace))), string(p.Name)), true
}

// withGrant adds to refusals of a route that it needs a ReferenceGrant, too, where that is
// missing or not known to be there.
func (t *Topology) withGrant(route *gatewayv1.HTTPRoute, service types.NamespacedName, refusals []Refusal) []Refusal {
	granted := t.mayRefer(route, service, nil)
	if granted.yes() {
		return refusals
	}
	out := slices.Clone(refusals)
	for i := range out {
		if granted.no != "" {
			out[i].Why += "; and " + granted.no
			out[i].Fix += " " + granted.fix
			continue
		}
		out[i].Fix += fmt.Sprintf(" A ReferenceGrant of namespace %s must let it refer to Service %s, too.", service.Namespace, service.Name)
	}
	return out
}
