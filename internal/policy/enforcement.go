package policy

import (
	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/finding"
)

// Action says what admission does about a finding.
type Action = v1alpha1.Action

// The actions.
const (
	Deny   = v1alpha1.Deny
	Warn   = v1alpha1.Warn
	Ignore = v1alpha1.Ignore
)

// Enforcement is the action for each hop of the pipeline; a hop that it lacks gets Warn.
type Enforcement map[finding.Hop]Action

// DefaultEnforcement holds where no policy says otherwise. The two hops that
// people make by hand, and whose slips are silent, refuse; the rest may be on its way.
func DefaultEnforcement() Enforcement {
	return Enforcement{finding.ServiceMonitor: Deny, finding.AdapterRule: Deny}
}

// For decides about one finding. Only an error can be refused: a warning is about
// something that works, and what could not be found out is never a "no".
func (e Enforcement) For(f finding.Finding) Action {
	action, ok := e[f.Hop]
	if !ok {
		action = Warn
	}
	if action == Deny && f.Severity != finding.Error {
		return Warn
	}
	return action
}
