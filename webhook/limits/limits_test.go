package limits

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kong-latency/kong-latency/internal/metrics"
)

// tiny are bounds that a test can reach.
func tiny() Sizes {
	return Sizes{
		Connections: 4, BodyBytes: 1000, SmallBytes: 100, BodyTime: time.Minute, Patience: time.Minute,
		Small: BodySizes{Read: 200, Decoded: 100}, Large: BodySizes{Read: 1000, Decoded: 1000},
	}
}

func unheard(string) {}

// started is a server with limits, which reads bodies and answers their size.
type started struct {
	*Limits
	t       *testing.T
	address string

	mu      sync.Mutex
	refused map[string]int
}

func start(t *testing.T, s Sizes) *started {
	t.Helper()
	out := &started{t: t, refused: map[string]int{}}
	l := New(s, func(reason string) {
		out.mu.Lock()
		defer out.mu.Unlock()
		out.refused[reason]++
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: l.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusTeapot)
			return
		}
		_, _ = fmt.Fprint(w, n)
	}))}
	l.Watch(srv)
	go func() { _ = srv.Serve(l.Listener(listener)) }()
	t.Cleanup(func() { _ = srv.Close() })
	out.Limits, out.address = l, listener.Addr().String()
	return out
}

func (s *started) dial() net.Conn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// withhold sends a request without the last byte of its body.
func (s *started) withhold(size int) net.Conn {
	s.t.Helper()
	c := s.dial()
	before := s.inFlight()
	if _, err := fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size-1)); err != nil {
		s.t.Fatal(err)
	}
	for s.inFlight() == before && s.count(metrics.TooManyBodies)+s.count(metrics.SlowBody) == 0 {
	}
	return c
}

func (s *started) inFlight() int64 {
	return s.small.read.snapshot() + s.large.read.snapshot()
}

func (s *started) count(reason string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused[reason]
}

// expectClosed waits until the server has closed the connection.
func expectClosed(c net.Conn) {
	_, _ = io.Copy(io.Discard, c) // a reset is an end, too
}

// post has a body of this size answered.
func (s *started) post(size int) (status int, header http.Header) {
	s.t.Helper()
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Post("http://"+s.address, "application/json", bytes.NewReader(make([]byte, size)))
	if err != nil {
		s.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode, resp.Header
}

func TestNewConnectionsDisplaceThoseThatWereOpenedFirst(t *testing.T) {
	s := start(t, tiny())
	first := s.dial()
	for range 4 {
		s.dial()
	}
	expectClosed(first)
	if got, _ := s.post(10); got != http.StatusOK {
		t.Errorf("a call is answered %d while others keep all connections", got)
	}
	if got := s.count(metrics.TooManyConnections); got != 2 {
		t.Errorf("counted %v connections, want 2", got)
	}
	if got := s.count(metrics.NoRequest); got != 0 {
		t.Errorf("counted %v connections without a request as if they had ended by themselves", got)
	}
}

func TestConnectionsWithoutARequestAreCounted(t *testing.T) {
	s := start(t, tiny())
	_ = s.dial().Close()
	for s.count(metrics.NoRequest) != 1 {
	}
	if got, _ := s.post(10); got != http.StatusOK {
		t.Errorf("answered %d", got)
	}
	if got := s.count(metrics.NoRequest); got != 1 {
		t.Errorf("counted %v, want 1", got)
	}
}

func TestBodiesBeyondTheBudgetAreRefusedUnread(t *testing.T) {
	s := start(t, tiny())
	s.withhold(100)
	s.withhold(100)
	if got, header := s.post(50); got != http.StatusServiceUnavailable || header.Get("Retry-After") != retryAfter {
		t.Errorf("answered %d with %v", got, header)
	}
	if got, _ := s.post(500); got != http.StatusOK {
		t.Errorf("a large body is answered %d: the small ones have a budget of their own", got)
	}
	if got := s.count(metrics.TooManyBodies); got != 1 {
		t.Errorf("counted %v, want 1", got)
	}
}

func TestBodiesThatAreWaitedForTooLongAreDisplaced(t *testing.T) {
	sizes := tiny()
	sizes.Patience = 0
	s := start(t, sizes)
	first := s.withhold(100)
	s.withhold(100)
	if got, _ := s.post(50); got != http.StatusOK {
		t.Errorf("answered %d", got)
	}
	expectClosed(first)
}

func TestSlowBodiesEnd(t *testing.T) {
	sizes := tiny()
	sizes.BodyTime = time.Millisecond
	s := start(t, sizes)
	expectClosed(s.withhold(500))
	for s.count(metrics.SlowBody) != 1 || s.inFlight() != 0 {
	}
}

func TestBodiesNeedALength(t *testing.T) {
	s := start(t, tiny())
	resp, err := http.Post("http://"+s.address, "application/json", struct{ io.Reader }{strings.NewReader("x")})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusLengthRequired || s.count(metrics.NoLength) != 1 {
		t.Errorf("answered %s", resp.Status)
	}
	if got, _ := s.post(1001); got != http.StatusRequestEntityTooLarge || s.count(metrics.BodyTooLarge) != 1 {
		t.Errorf("answered %d", got)
	}
}

// The last part of a body comes when what was decoded of others leaves room.
func TestCompleteBodiesAreDecodedInTurn(t *testing.T) {
	l := New(tiny(), unheard)
	inside, goOn := make(chan struct{}), make(chan struct{})
	h := l.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		inside <- struct{}{}
		<-goOn
	}))
	done := make(chan struct{})
	for range 2 {
		go func() {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader(strings.Repeat("x", 60))))
			done <- struct{}{}
		}()
	}
	<-inside
	for l.small.read.snapshot() != 120 {
	}
	select {
	case <-inside:
		t.Error("two bodies of 60 bytes are decoded at the same time, want at most 100 bytes")
	default:
	}
	close(goOn)
	<-done
	<-inside
	<-done
	if got := l.small.read.snapshot(); got != 0 {
		t.Errorf("%d bytes are in use in the end", got)
	}
}

func (b *budget) snapshot() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

func TestTimeOfABody(t *testing.T) {
	l := New(Default(), unheard)
	for n, want := range map[int64]time.Duration{
		-1: time.Second, 0: time.Second, 4 << 20: 2 * time.Second, 8 << 20: 3 * time.Second, 1 << 40: 3 * time.Second,
	} {
		if got := l.bodyTime(n); got != want {
			t.Errorf("%s bytes: %s, want %s", strconv.FormatInt(n, 10), got, want)
		}
	}
}

// BenchmarkHandler is what the limits cost a review of 10 KB.
func BenchmarkHandler(b *testing.B) {
	data := make([]byte, 10<<10)
	read := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	for name, h := range map[string]http.Handler{"without": read, "with": New(Default(), unheard).Handler(read)} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(data))
			w := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				r.Body = io.NopCloser(bytes.NewReader(data))
				h.ServeHTTP(w, r)
			}
		})
	}
}
