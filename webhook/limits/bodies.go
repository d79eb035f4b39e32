package limits

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"time"

	"github.com/kong-latency/kong-latency/internal/metrics"
)

// retryAfter is the Retry-After of a call that comes at a bad time, in seconds. The API
// server repeats it within its own timeout.
const retryAfter = "1"

// Handler returns a handler that lets only those requests through to next whose body
// there is room for; their Content-Length can be trusted as a size. Bodies are received
// in bounded time, and what is done with them after their end is bounded, too.
func (l *Limits) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := r.ContentLength
		if n == 0 {
			next.ServeHTTP(w, r)
			return
		}
		control := http.NewResponseController(w)
		// From now on, not from the first byte of the header. Of a body that is refused,
		// net/http reads up to 256 KiB to be able to keep the connection.
		_ = control.SetReadDeadline(time.Now().Add(l.bodyTime(n))) // where there is a connection
		switch {
		case n < 0:
			l.refuse(metrics.NoLength)
			http.Error(w, "request has no Content-Length: it is required", http.StatusLengthRequired)
			return
		case n > l.sizes.BodyBytes:
			l.refuse(metrics.BodyTooLarge)
			http.Error(w, fmt.Sprintf("body has %d bytes: at most %d are read", n, l.sizes.BodyBytes), http.StatusRequestEntityTooLarge)
			return
		}
		b := &body{ReadCloser: r.Body, limits: l, class: l.classOf(n), size: n, control: control, ctx: r.Context()}
		if !b.acquire() {
			l.refuse(metrics.TooManyBodies)
			w.Header().Set("Retry-After", retryAfter)
			http.Error(w, "too many request bodies are in flight: try again", http.StatusServiceUnavailable)
			return
		}
		defer b.release()
		r.Body = b
		next.ServeHTTP(w, r)
	})
}

func (l *Limits) classOf(n int64) class {
	if n <= l.sizes.SmallBytes {
		return l.small
	}
	return l.large
}

// bodyTime is the time to receive a body of n bytes.
func (l *Limits) bodyTime(n int64) time.Duration {
	share := float64(min(max(n, 0), l.sizes.BodyBytes)) / float64(l.sizes.BodyBytes)
	return l.sizes.BodyTime + time.Duration(2*share*float64(l.sizes.BodyTime))
}

// body is the body of a request there is room for.
type body struct {
	io.ReadCloser
	limits  *Limits
	class   class
	size    int64
	control *http.ResponseController
	ctx     context.Context

	connection *connection // nil if the listener did not accept it
	part       *part
	ended      bool // it was read to its end
	decoded    bool // it has its part of class.decoded
}

func (b *body) acquire() bool {
	var address netip.Addr
	b.connection, _ = b.ctx.Value(connectionKey{}).(*connection)
	if b.connection != nil {
		address = addressOf(b.connection)
		b.connection.part.waits(forRequest)
	}
	b.part = b.class.read.acquire(address, b.size, b.displaced)
	return b.part != nil
}

// displaced gives the room to another body.
func (b *body) displaced() {
	b.limits.refuse(metrics.TooManyBodies)
	if b.connection != nil {
		_ = b.connection.Close()
	}
}

// Read implements io.Reader. The end of the body is reported when it is its turn to be
// decoded.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == nil || b.ended:
	case errors.Is(err, io.EOF):
		b.ended = true
		b.part.works()
		if b.connection != nil {
			b.connection.part.works()
		}
		// Otherwise its end would look like the end of the connection.
		_ = b.control.SetReadDeadline(time.Time{})
		if err := b.class.decoded.Acquire(b.ctx, b.size); err != nil {
			return n, fmt.Errorf("wait for the turn to be decoded: %w", err)
		}
		b.decoded = true
	case errors.Is(err, os.ErrDeadlineExceeded):
		b.ended = true
		b.limits.refuse(metrics.SlowBody)
	}
	return n, err
}

func (b *body) release() {
	b.part.release()
	if b.decoded {
		b.class.decoded.Release(b.size)
	}
}
