package annotations

import "github.com/kong-latency/kong-latency/internal/finding"

// InvalidAnnotation is the reason of violations of single annotations.
var InvalidAnnotation = &finding.Reason{
	Name:     "InvalidAnnotation",
	Severity: finding.Error,
	Wait:     finding.ForChange,
	Summary:  "An annotation of kong-latency has a bad value, is unknown, or is on the wrong kind of object. Admission refuses it; if it was written without admission, the controller reports it and changes nothing.",
	Fix:      "Correct the annotation that the message names; it quotes what is allowed.",
}

// Reasons lists the findings that this package declares.
func Reasons() []*finding.Reason { return []*finding.Reason{InvalidAnnotation} }

// Findings are the violations as findings about object o, which carries the
// annotations.
func (p Parsed) Findings(o finding.Object) []finding.Finding {
	out := make([]finding.Finding, 0, len(p.Violations))
	for _, v := range p.Violations {
		out = append(out, InvalidAnnotation.On(o, "%s", v).At(Path(v.Key)))
	}
	return out
}

// Path is the path of an annotation in an object.
func Path(key string) finding.Path { return finding.NewPath("metadata", "annotations", key) }
