package rows

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// caller calls a webhook as the API server does, over TLS and HTTP/1.1, from a number
// of connections that stay open. Requests are prepared in advance, so that it
// uses as little as possible of the processors that the other side needs too.
type caller struct {
	address string
	request []byte
	conns   []*conn
}

type conn struct {
	tls    *tls.Conn
	reader *bufio.Reader
}

// dial opens connections to the webhook's path.
func dial(ctx context.Context, address, path string, body []byte, conns int) (*caller, error) {
	c := &caller{address: address}
	head := fmt.Sprintf("POST %s?timeout=3s HTTP/1.1\r\nHost: %s\r\nUser-Agent: kube-apiserver-admission\r\n"+
		"Content-Length: %d\r\nAccept: application/json, */*\r\nContent-Type: application/json\r\n\r\n", path, address, len(body))
	c.request = append([]byte(head), body...)
	for range conns {
		dialer := &tls.Dialer{Config: &tls.Config{
			InsecureSkipVerify: true, //nolint:gosec // the benchmark's webhook on loopback
			NextProtos:         []string{"http/1.1"},
		}}
		dialed, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("call webhook: %w", err), c.close())
		}
		t := dialed.(*tls.Conn)
		c.conns = append(c.conns, &conn{tls: t, reader: bufio.NewReader(t)})
		if p := t.ConnectionState().NegotiatedProtocol; p != "http/1.1" {
			return nil, errors.Join(fmt.Errorf("call webhook: it speaks %q instead of HTTP/1.1", p), c.close())
		}
	}
	return c, nil
}

func (c *caller) close() error {
	var errs []error
	for _, o := range c.conns {
		if err := o.tls.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// call makes n calls in total, one at a time on each connection, and returns how long
// each took.
func (c *caller) call(n int) ([]time.Duration, error) {
	took := make([][]time.Duration, len(c.conns))
	errs := make([]error, len(c.conns))
	var running sync.WaitGroup
	for i, o := range c.conns {
		share := n / len(c.conns)
		if i < n%len(c.conns) {
			share++
		}
		running.Go(func() {
			took[i] = make([]time.Duration, 0, share)
			for k := range share {
				began := time.Now()
				answer, err := o.roundTrip(c.request)
				took[i] = append(took[i], time.Since(began))
				if err == nil && k == 0 {
					err = allowed(answer)
				}
				if err != nil {
					errs[i] = fmt.Errorf("call webhook: %w", err)
					return
				}
			}
		})
	}
	running.Wait()
	var all []time.Duration
	for _, t := range took {
		all = append(all, t...)
	}
	return all, errors.Join(errs...)
}

func (o *conn) roundTrip(request []byte) ([]byte, error) {
	if _, err := o.tls.Write(request); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(o.reader, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("it answered %s: %s", resp.Status, bytes.TrimSpace(answer))
	}
	return answer, err
}
