package gateway

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"
)

// Arrivals is an open load: many clients that know nothing of each other, so that requests
// go on arriving however long earlier ones take. [Traffic], in contrast, slows down with the
// service.
type Arrivals struct {
	URL string
	// Rate returns how many requests a second arrive at a time after the start; positive.
	// The gaps between them are exponentially distributed.
	Rate func(since time.Duration) float64
	// Target is how long a request should take at most.
	Target time.Duration
	// Patience is how long a client waits for the answer.
	Patience time.Duration
	// InFlight is how many requests may wait for their answer. One that arrives when there
	// are as many fails at once.
	InFlight int
	Limit    time.Duration // ends automatically after this; must be positive
}

// Start starts the load. It ends with the context, at the limit, or by Stop, whichever
// comes first.
func (a Arrivals) Start(ctx context.Context) *Load {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: a.InFlight}, Timeout: a.Patience}
	return a.start(ctx, func(ctx context.Context) error { return send(ctx, client, a.URL) })
}

func (a Arrivals) start(ctx context.Context, request func(context.Context) error) *Load {
	l := &Load{}
	ctx, l.cancel = context.WithTimeout(ctx, a.Limit)
	l.clients.Go(func() { a.arrive(ctx, l, request) })
	return l
}

// arrive sends each request when it is due. If that was too late, because the machine was
// busy, the delay counts as part of the request.
func (a Arrivals) arrive(ctx context.Context, l *Load, request func(context.Context) error) {
	random := rand.New(rand.NewPCG(1, 2)) // the same gaps in every run
	places := make(chan struct{}, a.InFlight)
	begin := time.Now()
	for due := begin; ; {
		due = due.Add(time.Duration(random.ExpFloat64() / a.Rate(due.Sub(begin)) * float64(time.Second)))
		if sleep(ctx, time.Until(due)) != nil {
			return
		}
		select {
		case places <- struct{}{}:
			l.clients.Go(func() {
				defer func() { <-places }()
				l.arrived(ctx, request(ctx), time.Since(due) > a.Target)
			})
		default:
			l.failed.Add(1)
			l.late.Add(1)
		}
	}
}

// arrived counts a request by its result.
func (l *Load) arrived(ctx context.Context, err error, late bool) {
	switch {
	case err == nil:
		l.answered.Add(1)
	case ctx.Err() != nil: // a request cancelled by the end is not a failure
		return
	default:
		l.failed.Add(1)
		late = true
	}
	if late {
		l.late.Add(1)
	}
}

// Late returns how many requests of [Arrivals] took longer than the target or failed, so far.
func (l *Load) Late() int64 { return l.late.Load() }
