package stack

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kong-latency/kong-latency/test/e2e/operator"
)

// Hop is a step from the annotation, or from a request, to a scaled workload. Errors
// name the one that failed.
type Hop string

// The hops. All but the first are in the order in which one needs the other.
const (
	ControlPlane       Hop = "control plane"
	Gateway            Hop = "gateway"
	PrometheusOperator Hop = operator.Program
	Prometheus         Hop = "prometheus scrape"
	Rule               Hop = "adapter rule"
	API                Hop = "metrics API"
	Manifests          Hop = "manifests"
	Webhook            Hop = "webhook"
	Controller         Hop = "controller"
	HPA                Hop = "HPA"
	Pods               Hop = "pods"
	Monitoring         Hop = "monitoring"
)

// logs names the component whose log has details about a hop.
var logs = map[Hop]string{
	PrometheusOperator: operator.Program,
	Prometheus:         "prometheus",
	Rule:               "adapter",
	API:                "adapter",
	Manifests:          "kube-apiserver",
	Webhook:            "webhook",
	Controller:         "controller",
	HPA:                "kube-controller-manager",
	Pods:               "kwok",
	Monitoring:         stateMetrics,
}

// HopError says which hop failed.
type HopError struct {
	Hop Hop
	Err error
}

func (e *HopError) Error() string { return fmt.Sprintf("failed at the hop %q: %v", e.Hop, e.Err) }

// Unwrap returns what went wrong there.
func (e *HopError) Unwrap() error { return e.Err }

// At sets the hop of an error, unless it has one already.
func At(h Hop, err error) error {
	var known *HopError
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &HopError{Hop: h, Err: err}
}

// pollInterval is the interval between checks of a condition.
const pollInterval = 100 * time.Millisecond

// await repeats check until it succeeds, for at most bound. Then its last error is
// returned. A [HopError] of check is final.
func await(ctx context.Context, h Hop, bound time.Duration, check func(context.Context) error) error {
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	var found error
	for {
		err := check(ctx)
		var final *HopError
		if err == nil || errors.As(err, &final) {
			return err
		}
		if ctx.Err() == nil || found == nil {
			found = err // not the timeout of the check
		}
		select {
		case <-ctx.Done():
			if outer.Err() != nil {
				return At(h, fmt.Errorf("%w, while waiting: %w", context.Cause(outer), found))
			}
			return At(h, fmt.Errorf("waited %s: %w", bound, found))
		case <-time.After(pollInterval):
		}
	}
}
