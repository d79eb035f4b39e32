package topology

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// ingressController is the controller of IngressClasses that Kong serves.
const ingressController = "ingress-controllers.konghq.com/kong"

// Ingress is an Ingress that a ControlPlane of Kong Operator serves.
type Ingress struct {
	Object finding.Object
	Class  string
	// ControlPlanes are those that serve it, or the Gateways that are going to have them.
	ControlPlanes []finding.Object
}

// addIngresses adds what Ingresses lead to.
func (t *Topology) addIngresses() {
	classes := map[string]*ingressClass{}
	byDefault := ""
	for _, c := range t.IngressClasses.Items {
		if c.Default {
			byDefault = c.Name
		}
	}
	for _, i := range t.Ingresses.Items {
		name := cmp.Or(i.Class, byDefault)
		class := classes[name]
		if class == nil {
			class = t.ingressClass(name)
			classes[name] = class
		}
		for _, s := range i.Services {
			service := Key(i.Namespace, s)
			switch {
			case len(class.served) > 0:
				t.IngressesTo[service] = append(t.IngressesTo[service], Ingress{i.Object(), name, class.served})
			case class.doubt != "":
				t.Elsewhere[service] = append(t.Elsewhere[service], fmt.Sprintf("%s leads to it, and %s", i.Object(), class.doubt))
			default:
				for _, off := range class.off {
					t.Refusals[service] = append(t.Refusals[service], turnedOff(i.Object(), off))
				}
			}
		}
	}
}

// ingressClass is who serves the Ingresses of a class: ControlPlanes of Kong Operator, or
// if doubt says why, perhaps somebody. Those of off would, but do not read Ingresses.
type ingressClass struct {
	served []finding.Object
	off    []*Switch
	doubt  string
}

func (t *Topology) ingressClass(name string) *ingressClass {
	out := &ingressClass{}
	if name == "" {
		out.doubt = Gap("IngressClasses", t.IngressClasses)
		return out
	}
	for i := range t.Attachments {
		a := &t.Attachments[i]
		if a.IngressClass != name {
			continue
		}
		if s := a.off(controllerIngress); s != nil {
			out.off = append(out.off, s)
			continue
		}
		out.served = append(out.served, a.Holder)
	}
	switch {
	case len(out.served) > 0:
	case len(out.off) > 0:
		out.doubt = cmp.Or(Gap("ControlPlanes", t.ControlPlanes), Gap("GatewayConfigurations", t.GatewayConfigurations))
	default:
		i := slices.IndexFunc(t.IngressClasses.Items, func(c pipeline.IngressClass) bool { return c.Name == name })
		switch {
		case i < 0:
			out.doubt = fmt.Sprintf("whose its class %s is, is not known", name)
		case t.IngressClasses.Items[i].Controller == ingressController:
			out.doubt = fmt.Sprintf("its class %s is Kong's, but no ControlPlane of Kong Operator is known to have it in spec.ingressClass", name)
		}
	}
	return out
}

// ServesIngress reports whether the ControlPlane serves one of the Ingresses.
func (a Attachment) ServesIngress(ingresses []Ingress) bool {
	return slices.ContainsFunc(ingresses, func(i Ingress) bool { return slices.Contains(i.ControlPlanes, a.Holder) })
}

// addOtherRoutes adds what routes of other kinds lead to.
func (t *Topology) addOtherRoutes() {
	for _, r := range t.OtherRoutes.Items {
		for _, service := range r.Services {
			t.Elsewhere[service] = append(t.Elsewhere[service], fmt.Sprintf("%s refers to it, and routes of that kind are not followed", r.Object()))
		}
	}
}

// RoutingGap says what is not known of what may lead to Services beside HTTPRoutes.
func (t *Topology) RoutingGap() string {
	return cmp.Or(Gap("Ingresses", t.Ingresses), Gap("Routes of other kinds", t.OtherRoutes))
}

// ControlledBy are the attachments that serve the Ingresses of a Service, as indexes.
func (t *Topology) ControlledBy(service types.NamespacedName) []int {
	var out []int
	ingresses := t.IngressesTo[service]
	if len(ingresses) == 0 {
		return nil
	}
	for i, a := range t.Attachments {
		if a.ServesIngress(ingresses) {
			out = append(out, i)
		}
	}
	return out
}
