package topology

import (
	"cmp"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// kongControllers begins the controllerNames of Kong's controllers.
const kongControllers = "konghq.com/"

// said is what Kong's controller says in the status of a route about one of its parents.
type said struct {
	accepted, resolved, programmed condition
}

// condition is one that is True, False, or not known; the zero value is one that is not
// there.
type condition struct {
	status metav1.ConditionStatus
	// why says what a condition that is not True says, or why it is not known.
	why string
}

// says is what the status of the route says about that entry of its parentRefs.
func (t *Topology) says(route *gatewayv1.HTTPRoute, index int, gateway types.NamespacedName) said {
	var out said
	exact := false
	for _, p := range route.Status.Parents {
		same, section := aboutParent(p.ParentRef, route.Spec.ParentRefs[index], route.Namespace)
		if !same || exact && !section || !t.kongs(p.ControllerName, gateway) {
			continue
		}
		if section && !exact {
			exact, out = true, said{}
		}
		out.accepted = firmer(out.accepted, conditionOf(route, p, string(gatewayv1.RouteConditionAccepted)))
		out.resolved = firmer(out.resolved, conditionOf(route, p, string(gatewayv1.RouteConditionResolvedRefs)))
		out.programmed = firmer(out.programmed, conditionOf(route, p, pipeline.ConditionProgrammed))
	}
	return out
}

// aboutParent reports whether a status is about a parentRef, and whether it names the same
// listener, or none as it does. A controller may leave the listener out.
func aboutParent(of, ref gatewayv1.ParentReference, namespace string) (same, section bool) {
	def := gatewayv1.Namespace(namespace)
	same = of.Name == ref.Name && ptr.Deref(of.Namespace, def) == ptr.Deref(ref.Namespace, def) &&
		ptr.Deref(of.Kind, "Gateway") == ptr.Deref(ref.Kind, "Gateway") &&
		ptr.Deref(of.Group, gatewayv1.GroupName) == ptr.Deref(ref.Group, gatewayv1.GroupName)
	section = ptr.Equal(of.SectionName, ref.SectionName) && ptr.Equal(of.Port, ref.Port)
	if of.SectionName != nil && ref.SectionName != nil && *of.SectionName != *ref.SectionName ||
		of.Port != nil && ref.Port != nil && *of.Port != *ref.Port {
		same = false
	}
	return same, section
}

// kongs reports whether a status is that of the controller of a Gateway of Kong Operator.
func (t *Topology) kongs(controller gatewayv1.GatewayController, gateway types.NamespacedName) bool {
	if g := t.GatewayAt[gateway]; g != nil {
		if class := classOf(t, g); class != nil && class.Spec.ControllerName != "" {
			return controller == class.Spec.ControllerName
		}
	}
	return strings.HasPrefix(string(controller), kongControllers)
}

func conditionOf(route *gatewayv1.HTTPRoute, p gatewayv1.RouteParentStatus, kind string) condition {
	for _, c := range p.Conditions {
		if c.Type != kind {
			continue
		}
		if c.ObservedGeneration != 0 && c.ObservedGeneration < route.Generation {
			return condition{metav1.ConditionUnknown, fmt.Sprintf("its condition %s is about generation %d, and it has generation %d",
				kind, c.ObservedGeneration, route.Generation)}
		}
		if c.Status == metav1.ConditionTrue {
			return condition{status: c.Status}
		}
		why := strings.TrimRight(strings.Join(strings.Fields(c.Message), " "), ".")
		return condition{c.Status, fmt.Sprintf("its condition %s is %s: %s", kind, c.Status, cmp.Or(why, c.Reason, "without a reason"))}
	}
	return condition{}
}

// firmer is the one of two conditions about the same parent that says more: a listener
// that accepts suffices.
func firmer(a, b condition) condition {
	rank := map[metav1.ConditionStatus]int{metav1.ConditionUnknown: 1, metav1.ConditionFalse: 2, metav1.ConditionTrue: 3}
	if rank[b.status] > rank[a.status] {
		return b
	}
	return a
}

// served joins what the status of a route says about its attachment with what is inferred.
// Where the status says anything, it counts.
func (s said) served(inferred answer, index int) answer {
	field := []any{"spec", "parentRefs", index}
	no := func(c condition) answer {
		out := answer{no: c.why, field: field, fix: "Change what the message of the condition says."}
		if inferred.no != "" {
			out.no, out.field, out.fix = c.why+" ("+inferred.no+")", inferred.field, inferred.fix
		}
		return out
	}
	switch {
	case s.accepted.status == metav1.ConditionFalse:
		return no(s.accepted)
	case s.accepted.status == metav1.ConditionUnknown:
		return answer{doubt: s.accepted.why}
	case s.programmed.status == metav1.ConditionFalse:
		return no(s.programmed)
	case s.programmed.status == metav1.ConditionUnknown:
		return answer{doubt: s.programmed.why}
	case s.accepted.status == metav1.ConditionTrue:
		return answer{}
	}
	return inferred
}
