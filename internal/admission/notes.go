package admission

import (
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/output/outputs"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// note adds what changes for one workload: nothing if its autoscaler stays the same.
func (r Request) note(d *Decision, then, now plan.Resolution) {
	switch {
	case then.Enabled && !now.Enabled && !now.Retained:
		n := Note{Effect: Detach}
		if m := now.Claim.Managed; m != nil && m.Adopted {
			n = Note{Effect: Restore, Autoscaler: m.Name}
		}
		d.Notes = append(d.Notes, n)
	case now.Plan == nil:
	case now.Claim.Adopt != nil:
		d.Notes = append(d.Notes, Note{Effect: Adopt, Plan: now.Plan})
	case then.Plan == nil:
		d.Notes = append(d.Notes, Note{Effect: Attach, Plan: now.Plan})
	case then.Plan != now.Plan:
		was, is := *then.Plan, *now.Plan
		if d.Admitted() {
			was, is = r.served(was), r.served(is)
		}
		if changes := outputs.For(is).Changes(was, is); len(changes) > 0 {
			d.Notes = append(d.Notes, Note{Effect: Alter, Plan: now.Plan, Changes: changes})
		}
	}
}

// noteIdle adds that settings have no effect, because nothing enables or declines
// autoscaling.
func (d *Decision) noteIdle(a annotations.Parsed) {
	if !a.Empty() && !a.Requested && !a.Settings.Off {
		d.Notes = append(d.Notes, Note{Effect: NoEffect})
	}
}
