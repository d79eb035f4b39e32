package app

import (
	"strings"
	"sync/atomic"

	"github.com/go-logr/logr"
	"golang.org/x/time/rate"
)

// Bounds of the log of failed connections, which anyone can cause: a burst shows who
// and why, the rest are counted by a metric.
const (
	errorsPerSecond = 1
	errorBurst      = 20
)

// errorLog logs the errors of net/http, mostly failed handshakes. That the API server
// does not trust the serving certificate is visible there and nowhere else.
type errorLog struct {
	log     logr.Logger
	limit   *rate.Limiter
	omitted *atomic.Int64
}

func newErrorLog(log logr.Logger) errorLog {
	return errorLog{log, rate.NewLimiter(errorsPerSecond, errorBurst), new(atomic.Int64)}
}

// Write implements io.Writer for one line.
func (l errorLog) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	for _, usual := range []string{
		": EOF",                              // a port probe
		": use of closed network connection", // displaced, which is counted
	} {
		if strings.HasSuffix(text, usual) {
			l.log.V(1).Info("connection failed", "why", text)
			return len(line), nil
		}
	}
	if !l.limit.Allow() {
		l.omitted.Add(1)
		return len(line), nil
	}
	more := []any{"why", text}
	if n := l.omitted.Swap(0); n > 0 {
		more = append(more, "omittedBefore", n)
	}
	l.log.Info("connection failed", more...)
	return len(line), nil
}
