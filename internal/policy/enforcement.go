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

// Enforcement is the action for each hop of the pipeline, by its name. For a hop that is
// not in the map it is Deny if the hop is denied by default, and Warn otherwise.
type Enforcement map[string]Action

// For returns the action for one finding of the pipeline. Only an error can be denied: a
// warning is about something that works, and what is unknown is never a "no".
func (e Enforcement) For(f finding.Finding) Action {
	hop := f.Hop()
	action, ok := e[hop.String()]
	if !ok {
		action = Warn
		if hop != nil && hop.DenyByDefault {
			action = Deny
		}
	}
	if action == Deny && f.Severity != finding.Error {
		return Warn
	}
	return action
}
