// Package gatewayclass judges whether there is a GatewayClass for the Gateways in front of
// the Service.
package gatewayclass

import (
	"fmt"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// Hop is the hop gateway-class.
var Hop = &finding.Hop{
	Name: "gateway-class", Title: "Gateway class",
	Summary: "A GatewayClass exists, so that Gateways can be served.",
}

type hop struct{}

// New returns the hop gateway-class.
func New() pipeline.Hop { return hop{} }

// Declaration is the hop's name and documentation.
func (hop) Declaration() *finding.Hop { return Hop }

// Reasons lists what the hop can find.
func (hop) Reasons() []*finding.Reason { return []*finding.Reason{Missing} }

// Judge reports whether there is a GatewayClass.
func (hop) Judge(c *pipeline.Case) pipeline.Verdict {
	classes := c.Snapshot.GatewayClasses
	switch {
	case classes.State != pipeline.Known:
		return pipeline.Verdict{Unjudged: "GatewayClasses are not known"}
	case len(classes.Items) == 0:
		return pipeline.Verdict{Findings: []finding.Finding{
			Missing.On(c.Subject.Object(), "no GatewayClass exists").Suggest("%s", Missing.Fix),
		}}
	}
	return pipeline.Verdict{Evidence: func() []string {
		return []string{fmt.Sprintf("there is GatewayClass %s", classes.Items[0].Name)}
	}}
}
