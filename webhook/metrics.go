package webhook

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	admissionhttp "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/internal/metrics"
)

// call is the labels of a path's metrics.
type call struct{ kind, phase string }

var calls = map[string]call{
	MutateDeploymentsPath:       {"Deployment", metrics.Mutate},
	ValidateDeploymentsPath:     {"Deployment", metrics.Validate},
	ValidateServicesPath:        {"Service", metrics.Validate},
	ValidateLatencyPoliciesPath: {"LatencyPolicy", metrics.Validate},
}

// counted wraps handlers, and counts their answers and measures their duration.
type counted struct {
	admissions *prometheus.CounterVec
	duration   *prometheus.HistogramVec
}

// newCounted registers the counters. They begin at zero, so that the first of
// a kind is seen as an increase.
func newCounted(r prometheus.Registerer) (counted, error) {
	c := counted{metrics.Admissions.NewCounters(), metrics.AdmissionDuration.NewHistograms()}
	for _, call := range calls {
		c.duration.WithLabelValues(call.kind, call.phase)
		for _, op := range []admissionv1.Operation{admissionv1.Create, admissionv1.Update} {
			for _, verdict := range metrics.Verdicts() {
				c.admissions.WithLabelValues(call.kind, call.phase, string(op), verdict)
			}
		}
	}
	return c, errors.Join(
		metrics.Admissions.Register(r, c.admissions),
		metrics.AdmissionDuration.Register(r, c.duration),
	)
}

// counting is the answerer of a path, counting.
func (c counted) counting(path string, a answerer) answerer {
	call := calls[path]
	return func(ctx context.Context, body []byte) (header, admissionhttp.Response) {
		began := time.Now()
		head, resp := a(ctx, body)
		c.duration.WithLabelValues(call.kind, call.phase).Observe(time.Since(began).Seconds())
		c.admissions.WithLabelValues(call.kind, call.phase, operation(head.Operation), verdict(resp)).Inc()
		return head, resp
	}
}

// operation bounds the values of the label: whoever reaches the port could send others.
func operation(op admissionv1.Operation) string {
	switch op {
	case admissionv1.Create, admissionv1.Update:
		return string(op)
	default:
		return "other"
	}
}

func verdict(resp admissionhttp.Response) string {
	switch {
	case !resp.Allowed && resp.Result != nil && resp.Result.Code == http.StatusForbidden:
		return metrics.Denied
	case !resp.Allowed:
		return metrics.Errored
	case len(resp.Patches) > 0:
		return metrics.Patched
	case len(resp.Warnings) > 0:
		return metrics.Warned
	default:
		return metrics.Allowed
	}
}
