package webhook

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// maxWarning is the length in bytes above which the API server may truncate
// what webhooks say, see k8s.io/api/admission/v1 AdmissionResponse.Warnings.
const maxWarning = 256

// cut ends a line that was too long.
const cut = "…"

// refuse denies the request with everything that is wrong at once: for people in
// the message, for programs as causes. Fixes that are YAML stand at the end and at
// the left margin, so that everything from the first on can be given to kubectl.
func refuse(findings []finding.Finding) admission.Response {
	var text, yaml strings.Builder
	text.WriteString("kong-latency cannot let this work as it is:")
	causes := make([]metav1.StatusCause, 0, len(findings))
	for _, f := range findings {
		fmt.Fprintf(&text, "\n- %s: %s", f.Reason, f.Message)
		switch {
		case f.Fix == "":
		case isYAML(f):
			fmt.Fprintf(&yaml, "\n---\n# mends %s\n%s", f.Reason, strings.TrimPrefix(strings.TrimSpace(f.Fix), "---\n"))
		default:
			fmt.Fprintf(&text, "\n  to mend it: %s", f.Fix)
		}
		causes = append(causes, metav1.StatusCause{Type: metav1.CauseType(f.Reason), Message: f.Message})
	}
	if yaml.Len() > 0 {
		text.WriteString("\nTo mend it, apply this and try again:" + yaml.String())
	}
	resp := admission.Denied("")
	resp.Result = &metav1.Status{
		Status: metav1.StatusFailure,
		// Not Invalid: of that kubectl prints the causes and drops the message, and
		// with it the fix.
		Code:    http.StatusForbidden,
		Reason:  metav1.StatusReasonForbidden,
		Message: text.String(),
		Details: &metav1.StatusDetails{Causes: causes},
	}
	return resp
}

// isYAML tells whether the fix of a finding is a manifest and not a sentence.
func isYAML(f finding.Finding) bool { return strings.Contains(f.Fix, "\n") }

// allow admits the request with these lines on kubectl's warning channel.
func allow(lines []string) admission.Response {
	return admission.Allowed("").WithWarnings(lines...)
}

// warnings says findings in one line each.
func warnings(findings []finding.Finding) []string {
	lines := make([]string, 0, len(findings))
	for _, f := range findings {
		text := f.Reason + ": " + f.Message
		if f.Fix != "" {
			text += "; " + f.Fix
		}
		if f.Wait == finding.ForObject && f.Severity == finding.Error {
			text += "; attached as soon as it is there"
		}
		lines = append(lines, line("%s", text))
	}
	return lines
}

// line is one warning of ours, cut at a whole character where the API server
// would cut it anywhere.
func line(format string, args ...any) string { return lineEnding("", format, args...) }

// lineEnding is a line that ends with these words, however much is cut before them.
func lineEnding(end, format string, args ...any) string {
	text := "kong-latency: " + fmt.Sprintf(format, args...)
	if len(text)+len(end) <= maxWarning {
		return text + end
	}
	at := maxWarning - len(cut) - len(end)
	for !utf8.RuneStart(text[at]) {
		at--
	}
	return text[:at] + cut + end
}
