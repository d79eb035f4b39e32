package webhook

import (
	"gomodules.xyz/jsonpatch/v2"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// defaultReplicas is what the API gives a Deployment that says nothing.
const defaultReplicas int32 = 1

// raise brings the replicas of a new w, which gets what now says, to the minimum, so
// that it does not start smaller than it will ever be again.
func (c Cluster) raise(w model.Workload, now plan.Resolution, resp *admission.Response) {
	least, ok := c.minReplicas(w, now)
	replicas := ptr.Deref(w.Replicas, defaultReplicas)
	// Zero is how people turn a workload off, and its autoscaling with it.
	if !ok || replicas == 0 || replicas >= least {
		return
	}
	resp.Patches = append(resp.Patches, setReplicas(least))
	resp.Warnings = append(resp.Warnings, render.Warning("raised spec.replicas from %d to %d, the minimum of its autoscaling", replicas, least))
}

// minReplicas is the least number of replicas of w, if it asks for autoscaling and
// its settings can be used: from it and its Service, or, while the Service
// cannot be known, from its own settings.
func (c Cluster) minReplicas(w model.Workload, now plan.Resolution) (int32, bool) {
	if now.Plan != nil {
		return now.Plan.MinReplicas, true
	}
	own := annotations.Own(w.Annotations)
	settings, errs := annotations.Parse(annotations.OnDeployment, own)
	ruling := plan.RulingOf(c.Policies, w)
	if len(errs) > 0 || !settings.Asked() || ruling.Unknown {
		return 0, false
	}
	resolved, findings := policy.Resolve(w.Object(), settings, ruling.Policy)
	return resolved.MinReplicas, !finding.Blocks(findings)
}

// guard is the replica guard: it keeps the number of replicas of w that its
// autoscaler, which is ours, has come to, and that w had before, when a manifest is
// applied again with another: https://github.com/kubernetes/kubernetes/issues/25238.
// To and from zero, which turns autoscaling off and on, is let through.
// A scaling by the scale subresource does not come here.
func guard(before, w model.Workload, now plan.Resolution, resp *admission.Response) {
	from, to := ptr.Deref(before.Replicas, defaultReplicas), ptr.Deref(w.Replicas, defaultReplicas)
	if from == 0 || to == 0 || from == to || now.Claim.Ours == nil || !now.Asked && !now.Held || !preserves(w, now) {
		return
	}
	least, most := now.Claim.Ours.MinReplicas, now.Claim.Ours.MaxReplicas
	if now.Plan != nil { // these bounds will hold in a moment
		least, most = now.Plan.MinReplicas, now.Plan.MaxReplicas
	}
	keep := min(max(from, least), most)
	if keep == to {
		return
	}
	resp.Patches = append(resp.Patches, setReplicas(keep))
	resp.Warnings = append(resp.Warnings, render.Warning("kept spec.replicas at %d, as HPA %s has it, instead of %d: remove spec.replicas from the manifest, or set %s: %q",
		keep, now.Claim.Ours.Name, to, annotations.PreserveReplicas, "false"))
}

// preserves tells whether the settings of w, or of its Service, leave the guard on.
func preserves(w model.Workload, now plan.Resolution) bool {
	if now.Plan != nil {
		return now.Plan.PreserveReplicas
	}
	settings, _ := annotations.Parse(annotations.OnDeployment, w.Annotations)
	return ptr.Deref(settings.PreserveReplicas, true)
}

func setReplicas(n int32) jsonpatch.Operation {
	return jsonpatch.NewOperation("add", "/spec/replicas", n)
}
