package webhook

import (
	"fmt"
	"net/http"
	"slices"

	"gomodules.xyz/jsonpatch/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	admissionhttp "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/internal/admission"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/logs"
)

// refuse denies the request with everything that is wrong at once.
func refuse(findings []finding.Finding) admissionhttp.Response {
	message, causes := render.Denial(findings)
	resp := admissionhttp.Denied("")
	resp.Result = &metav1.Status{
		Status: metav1.StatusFailure,
		// Not Invalid: of that kubectl prints the causes and drops the message, and
		// with it the fix.
		Code:    http.StatusForbidden,
		Reason:  metav1.StatusReasonForbidden,
		Message: message,
		Details: &metav1.StatusDetails{Causes: causes},
	}
	audited(&resp, logs.AuditDenied, reasonNames(findings))
	return resp
}

// allow admits the request with these lines on kubectl's warning channel.
func allow(lines []string) admissionhttp.Response {
	return admissionhttp.Allowed("").WithWarnings(lines...)
}

// warned admits the request in spite of these findings.
func warned(findings []finding.Finding) admissionhttp.Response {
	resp := allow(render.Warnings(findings))
	audited(&resp, logs.AuditWarned, reasonNames(findings))
	return resp
}

// answered answers a validating request.
func answered(d admission.Decision) admissionhttp.Response {
	if !d.Admitted() {
		return refuse(d.Refused)
	}
	lines := render.Warnings(d.Warned)
	var idle []string
	for _, n := range d.Notes {
		if n.Effect == admission.NoEffect {
			idle = append(idle, line(n))
		} else {
			lines = append(lines, line(n))
		}
	}
	lines = append(lines, render.PipelineWarnings(d.Pipeline)...)
	lines = append(lines, render.Advice(d.Advised)...)
	if len(d.Unjudged) > 0 {
		lines = append(lines, render.UnknownWarning(d.Unjudged))
	}
	resp := allow(slices.Concat(lines, idle))
	audited(&resp, logs.AuditWarned, reasonNames(d.Warned, d.Pipeline, d.Advised))
	audited(&resp, logs.AuditEffects, effects(d.Notes))
	return resp
}

func line(n admission.Note) string {
	switch n.Effect {
	case admission.Attach:
		return render.WillAttach(n.Plan)
	case admission.Alter:
		return render.WillChange(n.Plan.Name, n.Changes)
	case admission.Adopt:
		return render.WillAdopt(n.Plan)
	case admission.Detach:
		return render.WillDetach()
	case admission.Restore:
		return render.WillRestore(n.Autoscaler)
	default:
		return render.NoEffect(annotations.TargetMS)
	}
}

const annotationsPath = "/metadata/annotations"

// patched answers a mutating request for a Deployment that carries these annotations. It
// patches single paths, and warns of each change.
func patched(have map[string]string, p admission.Patch) admissionhttp.Response {
	resp := allow(nil)
	if s := p.Stamp; s != nil {
		if have == nil {
			resp.Patches = append(resp.Patches, jsonpatch.NewOperation("add", annotationsPath, map[string]string{}))
		}
		for _, a := range [][2]string{{annotations.TargetMS, s.Target}, {annotations.AttachedBy, s.String()}} {
			if key, value := a[0], a[1]; have[key] != value {
				resp.Patches = append(resp.Patches, jsonpatch.NewOperation("add", annotationsPath+"/"+annotations.EscapePointer(key), value))
			}
		}
		audited(&resp, logs.AuditTarget, s.Target+" by LatencyPolicy "+s.Policy)
		resp.Warnings = append(resp.Warnings, render.Stamped(s.Policy, annotations.TargetMS, s.Target, annotations.Off))
	}
	if r := p.Replicas; r != nil {
		resp.Patches = append(resp.Patches, jsonpatch.NewOperation("add", "/spec/replicas", r.To))
		audited(&resp, logs.AuditReplicas, fmt.Sprintf("%d to %d", r.From, r.To))
		if r.Autoscaler == "" {
			resp.Warnings = append(resp.Warnings, render.RaisedReplicas(r.From, r.To))
		} else {
			resp.Warnings = append(resp.Warnings, render.KeptReplicas(r.To, r.From, r.Autoscaler, annotations.PreserveReplicas))
		}
	}
	return resp
}
