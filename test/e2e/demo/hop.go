package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// hop is a station on the way from the annotation, or from a request, to a
// scaled workload. A failed demo names the one that failed.
type hop string

const (
	hopControlPlane hop = "control plane"
	hopGateway      hop = "gateway"
	hopPrometheus   hop = "prometheus scrape"
	hopRule         hop = "adapter rule"
	hopAPI          hop = "metrics API"
	hopManifests    hop = "manifests"
	hopWebhook      hop = "webhook"
	hopController   hop = "controller"
	hopHPA          hop = "HPA"
	hopPods         hop = "pods"
)

// logs name the component, and so the log file, that tells more about a hop.
var logs = map[hop]string{
	hopPrometheus: "prometheus",
	hopRule:       "adapter",
	hopAPI:        "adapter",
	hopManifests:  "kube-apiserver",
	hopWebhook:    "webhook",
	hopController: "controller",
	hopHPA:        "kube-controller-manager",
	hopPods:       "kwok",
}

// hopError says which hop failed.
type hopError struct {
	hop hop
	err error
}

func (e *hopError) Error() string { return fmt.Sprintf("failed at the hop %q: %v", e.hop, e.err) }
func (e *hopError) Unwrap() error { return e.err }

// at names the hop of an error, unless it is named already.
func at(h hop, err error) error {
	var known *hopError
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &hopError{hop: h, err: err}
}

// pollInterval is how often a condition is looked at where nothing is shown.
const pollInterval = 100 * time.Millisecond

// await looks again and again until check finds nothing wrong, for as long as
// bound. What it found last is the error. A [hopError] of check is final.
func await(ctx context.Context, h hop, bound time.Duration, check func(context.Context) error) error {
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	var found error
	for {
		err := check(ctx)
		var final *hopError
		if err == nil || errors.As(err, &final) {
			return err
		}
		if ctx.Err() == nil || found == nil {
			found = err // not that time ran out while looking
		}
		select {
		case <-ctx.Done():
			if outer.Err() != nil {
				return at(h, fmt.Errorf("%w, while waiting: %w", context.Cause(outer), found))
			}
			return at(h, fmt.Errorf("waited %s: %w", bound, found))
		case <-time.After(pollInterval):
		}
	}
}
