package webhook

import (
	"context"
	"errors"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	promtest "github.com/prometheus/client_golang/prometheus/testutil"
	"gomodules.xyz/jsonpatch/v2"
	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/metrics"
	"github.com/kong-latency/kong-latency/test/testutil"
)

func TestEveryAnswerIsCountedOnce(t *testing.T) {
	patched := allow([]string{"raised"})
	patched.Patches = []jsonpatch.Operation{jsonpatch.NewOperation("add", "/spec/replicas", 2)}
	for verdict, answer := range map[string]admission.Response{
		metrics.Errored: badRequest(errors.New("decode object: it is empty")),
		metrics.Denied:  refuse([]finding.Finding{testutil.Finding("A", finding.Error, nil, "is wrong")}),
		metrics.Patched: patched,
		metrics.Warned:  allow([]string{"will attach"}),
		metrics.Allowed: allow(nil),
	} {
		c := countedIn(t, prometheus.NewRegistry())
		h := c.counting(ValidateServicesPath, answering(func(context.Context, review[service]) admission.Response {
			return answer
		}))
		send(t, h, admissionv1.Update)
		for _, v := range metrics.Verdicts() {
			want := 0.0
			if v == verdict {
				want = 1
			}
			if got := promtest.ToFloat64(c.admissions.WithLabelValues("Service", metrics.Validate, "UPDATE", v)); got != want {
				t.Errorf("%s answer: %s counts %v, want %v", verdict, v, got, want)
			}
		}
	}
}

func countedIn(t *testing.T, r prometheus.Registerer) counted {
	t.Helper()
	c, err := newCounted(r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// send has a review with this operation answered.
func send(t *testing.T, h answerer, op admissionv1.Operation) admission.Response {
	t.Helper()
	s := serviceWith("echo", nil)
	head, resp := h(t.Context(), encodeReview(t, request(t, op, s, s)))
	if head.Operation != op {
		t.Errorf("operation %q, want %q", head.Operation, op)
	}
	return resp
}

func TestPanicCountsAsError(t *testing.T) {
	c := countedIn(t, prometheus.NewRegistry())
	h := c.counting(MutateDeploymentsPath, answering(func(context.Context, review[deployment]) admission.Response {
		var nothing *deployment
		return allow([]string{nothing.Metadata.Name})
	}))
	if resp := send(t, h, admissionv1.Create); resp.Allowed {
		t.Error("a panic was answered with yes")
	}
	if got := promtest.ToFloat64(c.admissions.WithLabelValues("Deployment", metrics.Mutate, "CREATE", metrics.Errored)); got != 1 {
		t.Errorf("counted %v errors, want 1", got)
	}
}

// Whatever is sent, the number of series stays bounded.
func TestUnknownOperationsAreOneSeries(t *testing.T) {
	r := prometheus.NewRegistry()
	c := countedIn(t, r)
	h := c.counting(ValidateServicesPath, answering(func(context.Context, review[service]) admission.Response {
		return allow(nil)
	}))
	before := promtest.CollectAndCount(c.admissions)
	for _, op := range []admissionv1.Operation{"", "DELETE", "x", "y"} {
		send(t, h, op)
	}
	if got := promtest.CollectAndCount(c.admissions); got != before+1 {
		t.Errorf("%d series, want one more than %d", got, before)
	}
}

func TestEveryPathIsCounted(t *testing.T) {
	for path := range Handlers(Knowledge{}) {
		if calls[path] == (call{}) {
			t.Errorf("%s: it has no kind and phase for the metrics", path)
		}
	}
}

func TestCountersAreRegisteredOnce(t *testing.T) {
	r := prometheus.NewRegistry()
	countedIn(t, r)
	if _, err := newCounted(r); err == nil {
		t.Error("registered twice without an error")
	}
}
