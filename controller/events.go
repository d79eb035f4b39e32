package controller

import (
	"context"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/reference"
	"k8s.io/client-go/util/flowcontrol"
)

// A hop that breaks breaks for every workload at once, and a start reports everything that
// is wrong. Sent at once, ten thousand events would delay the writes that attach workloads
// and the renewal of the lease, which the controller would then lose. client-go's own
// recorder limits neither: it starts a goroutine for each event, and drops what comes when
// its queue of 1000 is full, so that most workloads would show nothing in kubectl describe.
const (
	eventsPerSecond = 50
	eventsAtOnce    = 100
	// maxEvents is how many events wait at most; further ones are dropped.
	maxEvents = 20_000
	// resendAfter is when a finding whose event was dropped is reported again.
	resendAfter = time.Minute
)

// pacedEvents passes events on in order, at a limited rate.
type pacedEvents struct {
	to     events.EventRecorder
	scheme *runtime.Scheme
	log    logr.Logger
	// lease is that of the leader; nil if none is elected.
	lease *Lease
	// wake has capacity 1: it signals that events wait.
	wake chan struct{}

	mu      sync.Mutex
	waiting []func()
	dropped int
}

var _ events.EventRecorder = (*pacedEvents)(nil)

func newPacedEvents(to events.EventRecorder, scheme *runtime.Scheme, log logr.Logger) *pacedEvents {
	return &pacedEvents{to: to, scheme: scheme, log: log, wake: make(chan struct{}, 1)}
}

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (p *pacedEvents) NeedLeaderElection() bool { return true }

// Eventf implements events.EventRecorder.
func (p *pacedEvents) Eventf(regarding, related runtime.Object, kind, reason, action, note string, args ...any) {
	_ = p.send(regarding, related, kind, reason, action, note, args...) // a dropped event is logged
}

// send is Eventf, and returns false if the event is dropped.
func (p *pacedEvents) send(regarding, related runtime.Object, kind, reason, action, note string, args ...any) bool {
	// Whole objects would take much memory if many events wait.
	if about, err := reference.GetReference(p.scheme, regarding); err == nil {
		regarding = about
	}
	if related != nil {
		if other, err := reference.GetReference(p.scheme, related); err == nil {
			related = other
		}
	}
	p.mu.Lock()
	fits := len(p.waiting) < maxEvents
	if fits {
		p.waiting = append(p.waiting, func() { p.to.Eventf(regarding, related, kind, reason, action, note, args...) })
	} else {
		p.dropped++
	}
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return fits
}

// Start implements manager.Runnable: it passes events on until ctx ends.
func (p *pacedEvents) Start(ctx context.Context) error {
	pace := flowcontrol.NewTokenBucketRateLimiter(eventsPerSecond, eventsAtOnce)
	defer pace.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.wake:
		}
		waiting, dropped := p.take()
		if dropped > 0 {
			p.log.Info("dropped events, too many at once", "count", dropped)
		}
		for _, emit := range waiting {
			if pace.Wait(ctx) != nil {
				return nil // ctx ended
			}
			if err := p.lease.check(); err != nil {
				p.log.Info("dropped an event", "why", err.Error())
				continue
			}
			emit()
		}
	}
}

func (p *pacedEvents) take() (waiting []func(), dropped int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	waiting, dropped = p.waiting, p.dropped
	p.waiting, p.dropped = nil, 0
	return waiting, dropped
}
