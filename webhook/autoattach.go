package webhook

import (
	"gomodules.xyz/jsonpatch/v2"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// stamp writes on a Deployment that its policy attaches without being asked the
// target and which policy that is, so that both can be read where people look for
// them. What the Deployment carries is kept by tools that re-apply a manifest
// without them; where one replaces the whole object, they are written anew. A target
// of somebody else's is never touched: the policy does not attach then.
func (d deployment) stamp(now plan.Resolution, resp *admission.Response) {
	if now.Source != plan.FromPolicy || now.Plan == nil {
		return
	}
	stamp := now.Plan.Stamp()
	changed := false
	for _, a := range [][2]string{{annotations.TargetMS, stamp.Target}, {annotations.AttachedBy, stamp.String()}} {
		key, value := a[0], a[1]
		if d.Metadata.Annotations[key] == value {
			continue
		}
		if d.Metadata.Annotations == nil && !changed {
			resp.Patches = append(resp.Patches, jsonpatch.NewOperation("add", annotationsPath, map[string]string{}))
		}
		changed = true
		resp.Patches = append(resp.Patches, jsonpatch.NewOperation("add", annotationsPath+"/"+annotations.EscapePointer(key), value))
	}
	if changed {
		resp.Warnings = append(resp.Warnings, render.Warning("LatencyPolicy %s attaches it without being asked: wrote %s: %q; %q there leaves it out",
			stamp.Policy, annotations.TargetMS, stamp.Target, annotations.Off))
	}
}

const annotationsPath = "/metadata/annotations"
