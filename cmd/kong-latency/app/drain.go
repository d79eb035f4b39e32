package app

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"
)

// errDraining is what readiness says between the order to stop and the stop.
var errDraining = errors.New("shutting down: still serving, but send no more")

// drain puts a time between the order to stop and the stop, in which everything
// goes on but readiness. The cluster needs it: kube-proxy on every node has to
// hear that this endpoint is gone before it may stop answering.
type drain struct {
	period time.Duration
	begun  atomic.Bool
}

// after returns a context that ends the period after ctx does. Its values are
// those of ctx. The cancel function ends it at once.
func (d *drain) after(ctx context.Context) (context.Context, context.CancelFunc) {
	later, cancel := context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		select {
		case <-ctx.Done():
		case <-later.Done():
			return
		}
		d.begun.Store(true)
		timer := time.NewTimer(d.period)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-later.Done():
		}
		cancel()
	}()
	return later, cancel
}

// ready is the readiness check.
func (d *drain) ready(*http.Request) error {
	if d.begun.Load() {
		return errDraining
	}
	return nil
}
