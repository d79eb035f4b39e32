package topology

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// The controllers of a ControlPlane on which it depends that routes are served. All are on
// unless they are turned off.
const (
	controllerHTTPRoute = "GWAPI_HTTPROUTE"
	controllerGateway   = "GWAPI_GATEWAY"
	controllerGrant     = "GWAPI_REFERENCE_GRANT"
	controllerService   = "SERVICE"
	controllerIngress   = "INGRESS_NETWORKINGV1"
)

// Switch is a controller that is turned on or off, and where that is written.
type Switch struct {
	pipeline.Controller
	By finding.Object
}

// turn adds what an object turns on or off. Of one controller the last entry of an object
// counts, and of several objects that which is added first.
func (a *Attachment) turn(by finding.Object, controllers []pipeline.Controller) {
	for _, c := range slices.Backward(controllers) {
		if a.controller(c.Name) == nil {
			a.Controllers = append(a.Controllers, Switch{Controller: c, By: by})
		}
	}
}

func (a *Attachment) controller(name string) *Switch {
	i := slices.IndexFunc(a.Controllers, func(s Switch) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return &a.Controllers[i]
}

// off is the switch by which a controller is turned off; nil if it is on.
func (a *Attachment) off(name string) *Switch {
	if s := a.controller(name); s != nil && !s.Enabled {
		return s
	}
	return nil
}

// reads reports whether the ControlPlane of a Gateway reads HTTPRoutes: the switch by which
// that is turned off, and why it is not known what counts.
func (t *Topology) reads(gateway types.NamespacedName) (off *Switch, doubt string) {
	for _, i := range t.byGateway[gateway] {
		a := &t.Attachments[i]
		if s := a.off(controllerHTTPRoute); s != nil {
			return s, Gap("ControlPlanes", t.ControlPlanes) // which would have the last word
		}
		for _, name := range []string{controllerGateway, controllerService} {
			if s := a.off(name); s != nil {
				doubt = fmt.Sprintf("%s turns the controller %s off, and what becomes of HTTPRoutes without it is not known", s.By, name)
			}
		}
	}
	return nil, doubt
}

// followsGrants says which switch turns the reading of ReferenceGrants off for one of the
// Gateways; empty if none does.
func (t *Topology) followsGrants(gateways []types.NamespacedName) string {
	for _, g := range gateways {
		for _, i := range t.byGateway[g] {
			if s := t.Attachments[i].off(controllerGrant); s != nil {
				return fmt.Sprintf("%s turns the controller %s off", s.By, controllerGrant)
			}
		}
	}
	return ""
}
