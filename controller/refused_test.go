package controller

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/test/testutil"
)

var (
	hpas    = schema.GroupResource{Group: "autoscaling", Resource: "horizontalpodautoscalers"}
	hpaKind = schema.GroupKind{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}
)

func TestWhatTheAPIServerRefusesIsAFinding(t *testing.T) {
	terminating := apierrors.NewForbidden(hpas, "echo", errors.New("namespace is being terminated"))
	terminating.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	webhook := apierrors.NewBadRequest(`admission webhook "x" denied the request`)
	for name, tc := range map[string]struct {
		err  error
		want string // empty for no finding
	}{
		"quota":              {apierrors.NewForbidden(hpas, "echo", errors.New("exceeded quota: few")), "exceeded quota: few"},
		"admission policy":   {apierrors.NewInvalid(hpaKind, "echo", field.ErrorList{field.Invalid(field.NewPath("spec"), 0, "not now")}), "not now"},
		"admission webhook":  {webhook, "denied the request"},
		"too large":          {apierrors.NewRequestEntityTooLargeError("limit is 3145728"), "limit is 3145728"},
		"previous spec":      {fmt.Errorf("%w: it is empty", output.ErrPreviousSpec), "not usable: it is empty"},
		"conflict":           {apierrors.NewConflict(hpas, "echo", errors.New("changed")), ""},
		"patch that is late": {apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "", schema.GroupResource{}, "", "testing value failed", 0, false), ""},
		"terminating":        {terminating, ""},
		"gone":               {apierrors.NewNotFound(hpas, "echo"), ""},
		"token expired":      {apierrors.NewUnauthorized("expired"), ""},
		"too busy":           {apierrors.NewTooManyRequests("later", 1), ""},
		"timeout":            {apierrors.NewServerTimeout(hpas, "create", 1), ""},
		"webhook is away":    {apierrors.NewInternalError(errors.New("failed calling webhook")), ""},
		"unreachable":        {errors.New("connection refused"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			f, ok := refusal(testutil.Workload(nil), fmt.Errorf("release: %w", failed("create", "HorizontalPodAutoscaler", "echo", tc.err)))
			if ok != (tc.want != "") {
				t.Fatalf("found %v: %v", ok, f)
			}
			if ok && (f.Reason != plan.WriteRefused || !strings.HasPrefix(f.Message, "the API server refuses to create HorizontalPodAutoscaler echo: ") || !strings.Contains(f.Message, tc.want)) {
				t.Errorf("found %v", f)
			}
		})
	}
}

// Whoever ends the cause of a refusal sees within a minute that it works.
func TestRefusedWritesAreRetriedWithinAMinute(t *testing.T) {
	r := retries()
	var total time.Duration
	for i := range 100 {
		pause := r.When(reconcile.Request{})
		if pause > 30*time.Second {
			t.Fatalf("retry %d is after %s", i, pause)
		}
		total += pause
	}
	if total < 40*time.Minute {
		t.Errorf("100 retries within %s", total)
	}
}
