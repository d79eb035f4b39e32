package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"k8s.io/client-go/rest"
)

const (
	pollEvery  = 50 * time.Millisecond
	pollAnswer = 5 * time.Second // per request
)

// waitReady polls url until it answers 200, the process ends or ctx does.
func (c *ControlPlane) waitReady(ctx context.Context, p *Process, url string) error {
	config := c.Config()
	config.Timeout = pollAnswer
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return fmt.Errorf("create client for %s: %w", p.name, err)
	}
	defer client.CloseIdleConnections()
	return poll(ctx, p, func() error { return ask(ctx, client, url) })
}

// poll repeats a check until it returns nil. If the process ends, this is reported at
// once; errors quote its log.
func poll(ctx context.Context, p *Process, question func() error) error {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	var last error
	for {
		err := question()
		if err == nil {
			return nil
		}
		if last == nil || !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
			last = err
		}
		select {
		case <-p.done:
			if err := p.Err(); err != nil {
				return err
			}
			return fmt.Errorf("run %s: it ended before it was ready%s", p.name, tail(p.log))
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w; last answer: %w%s", p.name, ctx.Err(), last, tail(p.log))
		case <-ticker.C:
		}
	}
}

func ask(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("create request: %w", err)
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, tailBytes))
	if err != nil {
		return fmt.Errorf("read answer of %s: %w", url, err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s: %s", url, res.Status, strings.TrimSpace(string(body)))
	}
	return nil
}
