package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Capacity limits what one echo server can do. The zero value has no limit.
type Capacity struct {
	// ServiceTime is how long the server works on one request. Requests that
	// have to wait are served in order of arrival. Zero: requests do not queue.
	ServiceTime time.Duration
	// Slots is how many requests the server works on at once. Zero means one.
	Slots int
	// Queue is how many requests may be in the server, those being served
	// included; more are answered 503 at once.
	Queue int
}

// maxSleep limits the sleep of a request, so that none outlives the demo.
const maxSleep = 10 * time.Second

var errFull = errors.New("queue is full")

// echo is one echo server, which simulates one pod.
//
//	/                       answers after its turn in the queue
//	/shell?cmd=sleep%200.1  also sleeps, like the shell of Kong's guide
type echo struct {
	capacity Capacity
	places   chan struct{} // one for every request in the server
	slots    chan struct{} // one for every request being served
}

func newEcho(c Capacity) *echo {
	return &echo{capacity: c, places: make(chan struct{}, c.Queue), slots: make(chan struct{}, max(c.Slots, 1))}
}

// ServeHTTP implements http.Handler.
func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := e.queue(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	if r.URL.Path == "/shell" {
		d, err := parseSleep(r.URL.Query().Get("cmd"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := sleep(r.Context(), d); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
	}
	fmt.Fprintln(w, "ok")
}

// queue waits for a free slot and then occupies it for the service time.
func (e *echo) queue(ctx context.Context) error {
	if e.capacity.ServiceTime == 0 {
		return nil
	}
	select {
	case e.places <- struct{}{}:
		defer func() { <-e.places }()
	default:
		return errFull
	}
	select {
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return sleep(ctx, e.capacity.ServiceTime)
}

// parseSleep parses "sleep SECONDS", the only supported command.
func parseSleep(cmd string) (time.Duration, error) {
	seconds, ok := strings.CutPrefix(cmd, "sleep ")
	if !ok {
		return 0, fmt.Errorf("run %q: only sleep is known", cmd)
	}
	d, err := time.ParseDuration(strings.TrimSpace(seconds) + "s")
	if err != nil || d < 0 || d > maxSleep {
		return 0, fmt.Errorf("run %q: want 0 to %.0f seconds", cmd, maxSleep.Seconds())
	}
	return d, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
