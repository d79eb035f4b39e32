package controller

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// Nothing that is watched changes when a quota is raised or a right is granted, so what
// was refused is tried again. The longest pause is short enough that people who have fixed
// the cause see it work, and long enough that a thousand refused workloads cost the API
// server little.
const (
	firstRetry = 50 * time.Millisecond
	lastRetry  = 30 * time.Second
)

// retries is the back-off of failed reconciles, for each workload.
func retries() workqueue.TypedRateLimiter[reconcile.Request] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, lastRetry)
}

// refusal is the finding about a write that the API server refused; ok is false if err may
// end by itself: the API server was not reached, was too busy or failed, or somebody else
// wrote first.
func refusal(w model.Workload, err error) (f finding.Finding, ok bool) {
	var status apierrors.APIStatus
	var answer string
	switch {
	case errors.Is(err, output.ErrPreviousSpec):
		answer = err.Error()
	case errors.As(err, &status) && refuses(err, status):
		answer = status.Status().Message
	default:
		return finding.Finding{}, false
	}
	return plan.WriteRefused.On(w.Object(), "%s: %s", writeOf(err), finding.Quote(answer)).Suggest("%s", plan.WriteRefused.Fix), true
}

// refuses reports whether the answer is a decision about this write, which stays the same
// until somebody changes something.
func refuses(err error, of apierrors.APIStatus) bool {
	s := of.Status()
	switch {
	case s.Code == http.StatusUnprocessableEntity:
		// Without an object it is a patch that does not apply to the object as it is now.
		return s.Details != nil && s.Details.Kind != ""
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return false // the workload is deleted as well
	default:
		return slices.Contains([]int32{
			http.StatusBadRequest, http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge,
		}, s.Code)
	}
}

// writeError is a failed write with what was written.
type writeError struct {
	// what was done to which object: "create HorizontalPodAutoscaler echo".
	what string
	err  error
}

func failed(verb, kind, name string, err error) error {
	return &writeError{what: fmt.Sprintf("%s %s %s", verb, kind, name), err: err}
}

// Error implements error.
func (e *writeError) Error() string { return e.what + ": " + e.err.Error() }

// Unwrap returns the cause.
func (e *writeError) Unwrap() error { return e.err }

// writeOf says what was refused.
func writeOf(err error) string {
	var e *writeError
	if errors.As(err, &e) {
		return "the API server refuses to " + e.what
	}
	return "the API server refuses"
}
