package annotations

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// InvalidAnnotation is found when a value cannot be used as it stands.
var InvalidAnnotation = &finding.Reason{
	Name:     "InvalidAnnotation",
	Severity: finding.Error,
	Wait:     finding.ForChange,
	Summary:  "An annotation of ours has a bad value, is unknown, or stands on the wrong kind of object. Admission refuses it; the controller reports it where it came in without admission, and changes nothing.",
	Fix:      "Correct the annotation that the message names; it quotes what is allowed.",
}

// Reasons lists the findings that this package declares.
func Reasons() []*finding.Reason { return []*finding.Reason{InvalidAnnotation} }

// Findings turns the errors of Parse into findings about object o.
func Findings(o finding.Object, errs field.ErrorList) []finding.Finding {
	out := make([]finding.Finding, 0, len(errs))
	for _, e := range errs {
		out = append(out, InvalidAnnotation.On(o, "%s", e.Error()))
	}
	return out
}
