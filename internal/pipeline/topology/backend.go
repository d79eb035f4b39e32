package topology

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/text"
)

// resolved reports whether the Service of an entry of backendRefs gets traffic. What the
// status of the route says about all of them counts; if it says that one does not, and the
// route has several, it may be this one.
func (t *Topology) resolved(route *gatewayv1.HTTPRoute, rule, ref int, service types.NamespacedName, at place) answer {
	status := at.resolved
	inferred := t.mayRefer(route, service, at.gateways)
	if inferred.yes() {
		inferred = t.hasPort(route.Spec.Rules[rule].BackendRefs[ref].Port, service)
	}
	inferred.field = []any{"spec", "rules", rule, "backendRefs", ref}
	switch status.status {
	case metav1.ConditionTrue:
		return answer{}
	case metav1.ConditionFalse:
		if inferred.no != "" {
			return inferred
		}
		if backends(route) > 1 {
			return answer{doubt: status.why}
		}
		return answer{no: status.why, field: inferred.field, fix: "Change what the message of the condition says."}
	case metav1.ConditionUnknown:
		return answer{doubt: status.why}
	}
	return inferred
}

func backends(route *gatewayv1.HTTPRoute) int {
	n := 0
	for _, r := range route.Spec.Rules {
		n += len(r.BackendRefs)
	}
	return n
}

// mayRefer reports whether a route may refer to a Service: it is of its namespace, or a
// ReferenceGrant of that of the Service lets it.
func (t *Topology) mayRefer(route *gatewayv1.HTTPRoute, service types.NamespacedName, gateways []types.NamespacedName) answer {
	if route.Namespace == service.Namespace {
		return answer{}
	}
	for _, g := range t.ReferenceGrants.Items {
		if g.Namespace == service.Namespace && grants(g, route.Namespace, service.Name) {
			return answer{doubt: t.followsGrants(gateways)}
		}
	}
	if gap := Gap("ReferenceGrants", t.ReferenceGrants); gap != "" {
		return answer{doubt: gap}
	}
	return answer{
		no: fmt.Sprintf("no ReferenceGrant of namespace %s lets HTTPRoutes of namespace %s refer to Service %s",
			service.Namespace, route.Namespace, service.Name),
		fix: fmt.Sprintf("Create a ReferenceGrant in namespace %s with {group: %s, kind: HTTPRoute, namespace: %s} in spec.from and {group: \"\", kind: Service, name: %s} in spec.to.",
			service.Namespace, gatewayv1.GroupName, route.Namespace, service.Name),
	}
}

// grants reports whether a ReferenceGrant lets HTTPRoutes of a namespace refer to a Service.
func grants(g pipeline.ReferenceGrant, namespace, service string) bool {
	from := pipeline.ReferenceGrantFrom{Group: gatewayv1.GroupName, Kind: "HTTPRoute", Namespace: namespace}
	return slices.Contains(g.From, from) && slices.ContainsFunc(g.To, func(to pipeline.ReferenceGrantTo) bool {
		return to.Group == "" && to.Kind == "Service" && (to.Name == "" || to.Name == service)
	})
}

// hasPort reports whether the Service has the port, as far as its ports are known.
func (t *Topology) hasPort(port *gatewayv1.PortNumber, service types.NamespacedName) answer {
	has := t.ports[service]
	if len(has) == 0 || port == nil || slices.Contains(has, *port) {
		return answer{}
	}
	return answer{
		no:  fmt.Sprintf("Service %s has no port %d; its ports are %s", service, *port, numbers(has)),
		fix: fmt.Sprintf("Set port to one of Service %s (%s), or add port %d to the Service.", service, numbers(has), *port),
	}
}

func numbers(ports []int32) string {
	out := make([]string, len(ports))
	for i, p := range ports {
		out[i] = fmt.Sprint(p)
	}
	return text.Names(out)
}

// portsOf are the known ports of Services.
func portsOf(s *pipeline.Snapshot) map[types.NamespacedName][]int32 {
	out := map[types.NamespacedName][]int32{}
	for _, p := range s.ServicePorts.Items {
		out[Key(p.Namespace, p.Name)] = p.Ports
	}
	return out
}

// leadsElsewhere says why a route may be attached to what is not followed: a parent of
// another kind than Gateway, such as a ListenerSet. A Service is the parent of a route of a
// mesh, and not of traffic that Kong measures.
func leadsElsewhere(route *gatewayv1.HTTPRoute) string {
	for _, p := range route.Spec.ParentRefs {
		kind := ptr.Deref(p.Kind, "Gateway")
		if kind != "Gateway" && kind != "Service" {
			return fmt.Sprintf("HTTPRoute %s/%s is attached to %s %s, which is not followed", route.Namespace, route.Name, kind, p.Name)
		}
	}
	return ""
}
