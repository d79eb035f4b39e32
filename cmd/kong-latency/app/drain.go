package app

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"
)

// errDraining is the readiness error between the signal to stop and the stop.
var errDraining = errors.New("shutting down: still serving, but accepting no new traffic")

// drain delays the stop after the signal to stop. Meanwhile everything continues
// except readiness: kube-proxy on every node has to learn that this endpoint is gone
// before it stops answering.
type drain struct {
	period time.Duration
	begun  atomic.Bool
}

// after returns a context that ends one period after ctx, with the values of ctx. The
// cancel function ends it at once.
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
