package webhook

import (
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
)

// refuse denies the request with everything that is wrong at once.
func refuse(findings []finding.Finding) admission.Response {
	message, causes := render.Denial(findings)
	resp := admission.Denied("")
	resp.Result = &metav1.Status{
		Status: metav1.StatusFailure,
		// Not Invalid: of that kubectl prints the causes and drops the message, and
		// with it the fix.
		Code:    http.StatusForbidden,
		Reason:  metav1.StatusReasonForbidden,
		Message: message,
		Details: &metav1.StatusDetails{Causes: causes},
	}
	return resp
}

// allow admits the request with these lines on kubectl's warning channel.
func allow(lines []string) admission.Response {
	return admission.Allowed("").WithWarnings(lines...)
}
