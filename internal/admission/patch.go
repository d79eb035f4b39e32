package admission

import (
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// defaultReplicas is what the API gives a Deployment that says nothing.
const defaultReplicas int32 = 1

// patch is how w, which gets what now says, is changed before it is admitted. It is
// empty for what has been patched before.
func (r Request) patch(before *model.Workload, w model.Workload, now plan.Resolution) Patch {
	p := Patch{Stamp: stamp(w, now)}
	if before == nil {
		p.Replicas = r.raised(w, now)
	} else {
		p.Replicas = kept(*before, w, now)
	}
	return p
}

// stamp is what is written on a Deployment that its policy attaches: the target, and
// which policy that is, so that both can be read where people look for them. What the
// Deployment carries is kept by tools that re-apply a manifest without them; where one
// replaces the whole object, they are written again. A target that auto-attach did not
// write is never changed: the policy does not attach then.
func stamp(w model.Workload, now plan.Resolution) *annotations.Stamp {
	if now.EnabledBy != plan.ByPolicy || now.Plan == nil {
		return nil
	}
	s := now.Plan.Stamp()
	raw := w.Annotations.Raw
	if raw[annotations.TargetMS] == s.Target && raw[annotations.AttachedBy] == s.String() {
		return nil
	}
	return &s
}

// raised brings the replicas of a new Deployment to the minimum, so that it does not
// start smaller than it will ever be again.
func (r Request) raised(w model.Workload, now plan.Resolution) *Replicas {
	least, ok := r.minReplicas(w, now)
	replicas := ptr.Deref(w.Replicas, defaultReplicas)
	// Zero is how people turn a workload off, and its autoscaling with it.
	if !ok || replicas == 0 || replicas >= least {
		return nil
	}
	return &Replicas{From: replicas, To: least}
}

// minReplicas is the least number of replicas of w, if it is enabled and its settings
// can be used: from it and its Service, or, while the Service cannot be known, from its
// own settings.
func (r Request) minReplicas(w model.Workload, now plan.Resolution) (int32, bool) {
	if now.Plan != nil {
		return now.Plan.MinReplicas, true
	}
	effective := plan.EffectivePolicyOf(r.Policies, w)
	if len(w.Annotations.Violations) > 0 || !w.Annotations.Requested || effective.Unknown {
		return 0, false
	}
	resolved, findings := policy.Resolve(w.Object(), w.Annotations.Settings, effective.Policy)
	return resolved.MinReplicas, !finding.Blocks(findings)
}

// kept is the replica guard: it keeps the number of replicas of w that its managed
// autoscaler has come to, and that w had before, when a manifest is applied again with
// another: https://github.com/kubernetes/kubernetes/issues/25238.
// To and from zero, which turns autoscaling off and on, is always allowed.
// A scaling by the scale subresource does not come here.
func kept(before, w model.Workload, now plan.Resolution) *Replicas {
	from, to := ptr.Deref(before.Replicas, defaultReplicas), ptr.Deref(w.Replicas, defaultReplicas)
	managed := now.Claim.Managed
	if from == 0 || to == 0 || from == to || managed == nil || !now.Enabled && !now.Retained || !preserves(w, now) {
		return nil
	}
	least, most := managed.MinReplicas, managed.MaxReplicas
	if now.Plan != nil { // these bounds will apply in a moment
		least, most = now.Plan.MinReplicas, now.Plan.MaxReplicas
	}
	keep := min(max(from, least), most)
	if keep == to {
		return nil
	}
	return &Replicas{From: to, To: keep, Autoscaler: managed.Name}
}

// preserves reports whether the settings of w, or of its Service, leave the guard on.
func preserves(w model.Workload, now plan.Resolution) bool {
	if now.Plan != nil {
		return now.Plan.PreserveReplicas
	}
	return ptr.Deref(w.Annotations.Settings.PreserveReplicas, true)
}
