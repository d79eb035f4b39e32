package webhook

import (
	"fmt"
	"slices"
	"strings"

	admissionhttp "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/internal/admission"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/logs"
)

// audited adds an annotation to the audit event of the request, unless it is empty.
func audited(resp *admissionhttp.Response, a logs.Annotation, value string) {
	if value == "" {
		return
	}
	if resp.AuditAnnotations == nil {
		resp.AuditAnnotations = map[string]string{}
	}
	resp.AuditAnnotations[a.Key] = render.Clip(value)
}

// reasonNames are the reasons of findings, each once, in their order.
func reasonNames(lists ...[]finding.Finding) string {
	var names []string
	for _, f := range slices.Concat(lists...) {
		names = append(names, f.Reason.Name)
	}
	return strings.Join(distinct(names), ",")
}

// distinct returns each text once, in the order of the list.
func distinct(list []string) []string {
	out := []string{}
	for _, text := range list {
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// effects are what will happen to autoscalers.
func effects(notes []admission.Note) string {
	var out []string
	for _, n := range notes {
		switch n.Effect {
		case admission.Attach:
			out = append(out, "attach HPA "+n.Plan.Name)
		case admission.Alter:
			out = append(out, fmt.Sprintf("change HPA %s: %s", n.Plan.Name, n.Changes))
		case admission.Adopt:
			out = append(out, "adopt HPA "+n.Plan.Name)
		case admission.Detach:
			out = append(out, "detach the HPA")
		case admission.Restore:
			out = append(out, "restore HPA "+n.Autoscaler)
		case admission.NoEffect:
		}
	}
	return strings.Join(out, "; ")
}
