package gateway

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Traffic is a constant load: a fixed number of clients, each of which sends
// its next request when the last one is answered and its pause is over.
type Traffic struct {
	URL     string
	Clients int
	Pause   time.Duration
	Limit   time.Duration // ends automatically after this; must be positive
}

// Load is running traffic. Stop it with Stop.
type Load struct {
	answered, failed, late atomic.Int64
	cancel                 context.CancelFunc
	clients                sync.WaitGroup
}

// Start starts the clients. They end with the context, at the limit, or by
// Stop, whichever comes first.
func (t Traffic) Start(ctx context.Context) *Load {
	l := &Load{}
	ctx, l.cancel = context.WithTimeout(ctx, t.Limit)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: t.Clients}, Timeout: maxSleep + 5*time.Second}
	for range t.Clients {
		l.clients.Go(func() {
			for ctx.Err() == nil {
				l.count(ctx, send(ctx, client, t.URL))
				_ = sleep(ctx, t.Pause)
			}
		})
	}
	return l
}

func (l *Load) count(ctx context.Context, err error) {
	switch {
	case err == nil:
		l.answered.Add(1)
	case ctx.Err() == nil: // a request cancelled by the end is not a failure
		l.failed.Add(1)
		_ = sleep(ctx, 100*time.Millisecond) // to avoid a busy loop
	}
}

func send(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("get %s: %s", url, response.Status)
	}
	return nil
}

// Counts returns the requests answered with 200 and all others, so far.
func (l *Load) Counts() (answered, failed int64) { return l.answered.Load(), l.failed.Load() }

// Stop ends the traffic and waits for its clients.
func (l *Load) Stop() {
	l.cancel()
	l.clients.Wait()
}
