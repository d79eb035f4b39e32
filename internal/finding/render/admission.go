package render

import (
	"fmt"
	"strings"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// MaxWarning is the length in bytes above which the API server may truncate
// what webhooks say, see k8s.io/api/admission/v1 AdmissionResponse.Warnings.
const MaxWarning = 256

// ellipsis ends a text that was too long.
const ellipsis = "…"

// Denial is the refusal of a request with everything that is wrong at once: for people
// in the message, for programs as causes. Manifests are at the end and at the left
// margin, so that everything from the first "---" on can be given to kubectl.
func Denial(findings []finding.Finding) (message string, causes []metav1.StatusCause) {
	var text, yaml strings.Builder
	text.WriteString("autoscaling by latency cannot work like this:")
	for _, f := range findings {
		fmt.Fprintf(&text, "\n- %s: %s", f.Reason.Name, f.Message)
		switch {
		case f.Fix.IsZero():
		case f.Fix.IsManifest():
			fmt.Fprintf(&yaml, "\n---\n# fixes %s\n%s", f.Reason.Name, strings.TrimSpace(Fix(f.Fix)))
		default:
			fmt.Fprintf(&text, "\n  to fix it: %s", Fix(f.Fix))
		}
		causes = append(causes, metav1.StatusCause{
			Type: metav1.CauseType(f.Reason.Name), Message: f.Message, Field: f.Field.String(),
		})
	}
	if yaml.Len() > 0 {
		text.WriteString("\nTo fix it, apply this and try again:" + yaml.String())
	}
	return text.String(), causes
}

// Warnings are findings about settings and pairing, each in one line.
func Warnings(findings []finding.Finding) []string {
	lines := make([]string, 0, len(findings))
	for _, f := range findings {
		text := f.Reason.Name + ": " + f.Message
		if !f.Fix.IsZero() {
			text += "; " + Fix(f.Fix)
		}
		if f.Reason.Wait == finding.ForObject && f.Severity == finding.Error {
			text += "; attached as soon as it exists"
		}
		lines = append(lines, Warning("%s", text))
	}
	return lines
}

// maxPipelineWarnings is how many findings about a pipeline are warned of one by one.
const maxPipelineWarnings = 3

// PipelineWarnings are findings about a metric pipeline, each in one line, with how to
// fix it, or where that is said if it does not fit into the line.
func PipelineWarnings(findings []finding.Finding) []string {
	var lines []string
	for i, f := range findings {
		if i == maxPipelineWarnings {
			lines = append(lines, Warning("and %d more findings about its pipeline; see the events of the Deployment", len(findings)-i))
			break
		}
		lines = append(lines, pipelineWarning(f))
	}
	return lines
}

// Advice are findings about which nothing has to be done, each in one line. They are about
// rules that could be added.
func Advice(findings []finding.Finding) []string {
	var lines []string
	for _, f := range findings {
		lines = append(lines, warningEnding("; 'kubectl latency render -f FILE --with adapter-rule' prints it", "%s", f.Reason.Name+": "+f.Message))
	}
	return lines
}

func pipelineWarning(f finding.Finding) string {
	text := f.Reason.Name + ": " + f.Message
	if f.Fix.IsZero() {
		return Warning("%s", text)
	}
	if whole := prefixed("%s; to fix it: %s", text, Fix(f.Fix)); !f.Fix.IsManifest() && len(whole) <= MaxWarning {
		return whole
	}
	return warningEnding(fixElsewhere, "%s", text)
}

// UnknownWarning names the hops that could not be judged, and why the first was not.
// There must be at least one finding.
func UnknownWarning(unknown []finding.Finding) string {
	var hops []string
	for _, f := range unknown {
		if hop := f.Hop().String(); len(hops) == 0 || hops[len(hops)-1] != hop {
			hops = append(hops, hop)
		}
	}
	return Warning("not checked: %s: %s", strings.Join(hops, ", "), unknown[0].Message)
}

// Warning is one line on kubectl's warning channel, cut at a whole character where the
// API server would cut it anywhere.
func Warning(format string, args ...any) string { return warningEnding("", format, args...) }

// warningEnding is a warning that ends with these words, however much is cut before them.
func warningEnding(end, format string, args ...any) string {
	text := prefixed(format, args...)
	if len(text)+len(end) <= MaxWarning {
		return text + end
	}
	at := MaxWarning - len(ellipsis) - len(end)
	for !utf8.RuneStart(text[at]) {
		at--
	}
	return text[:at] + ellipsis + end
}

func prefixed(format string, args ...any) string {
	return "kong-latency: " + fmt.Sprintf(format, args...)
}
