package serving

import (
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	// probeEvery is the interval of readiness probes.
	probeEvery = 100 * time.Millisecond
	// lag is how long an unready endpoint still gets connections, because of the delays
	// of the kubelet, the API server and kube-proxy.
	lag = time.Second
	// distance delays what an endpoint sends, so that calls overlap and the API server
	// has to open more connections than it keeps.
	distance = 100 * time.Millisecond
)

// balancer simulates the Service and kube-proxy: it forwards each new connection to one
// of the endpoints, and does not change existing ones.
type balancer struct {
	address     string
	connections atomic.Int64 // that were opened

	mu        sync.Mutex
	endpoints []*endpoint
	next      int
	open      []net.Conn
}

type endpoint struct {
	address, readyz string
	ready           bool
	unreadySince    time.Time
	// unanswered is how many probes in a row got no answer.
	unanswered int
}

// unansweredProbes is how many probes in a row have to get no answer until an endpoint is not
// ready, as failureThreshold of a Pod's probe is by default: a busy machine may miss one.
const unansweredProbes = 3

func newBalancer(t *testing.T) *balancer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &balancer{address: listener.Addr().String()}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { b.accept(listener, &wg) })
	wg.Go(func() { b.probe(done) })
	t.Cleanup(func() {
		close(done)
		_ = listener.Close()
		b.mu.Lock()
		for _, conn := range b.open {
			_ = conn.Close()
		}
		b.mu.Unlock()
		wg.Wait()
	})
	return b
}

func (b *balancer) add(address, readyz string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.endpoints = append(b.endpoints, &endpoint{address: address, readyz: readyz, unreadySince: time.Now().Add(-lag)})
}

// sendsTo reports whether new connections are forwarded to the endpoint.
func (b *balancer) sendsTo(address string) bool { return slices.Contains(b.targets(), address) }

func (b *balancer) targets() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, e := range b.endpoints {
		if e.ready || time.Since(e.unreadySince) < lag {
			out = append(out, e.address)
		}
	}
	return out
}

// probe probes the readiness of every endpoint.
func (b *balancer) probe(done <-chan struct{}) {
	ticker := time.NewTicker(probeEvery)
	defer ticker.Stop()
	asker := &http.Client{Timeout: time.Second}
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
		}
		b.mu.Lock()
		endpoints := slices.Clone(b.endpoints)
		b.mu.Unlock()
		for _, e := range endpoints {
			resp, err := asker.Get(e.readyz)
			ready := err == nil && resp.StatusCode == http.StatusOK
			if err == nil {
				_ = resp.Body.Close()
			}
			b.mu.Lock()
			if err != nil {
				e.unanswered++
				ready = e.ready && e.unanswered < unansweredProbes
			} else {
				e.unanswered = 0
			}
			if e.ready && !ready {
				e.unreadySince = time.Now()
			}
			e.ready = ready
			b.mu.Unlock()
		}
	}
}

func (b *balancer) accept(listener net.Listener, wg *sync.WaitGroup) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return // closed
		}
		b.connections.Add(1)
		wg.Go(func() { b.join(conn) })
	}
}

// join connects a caller with the next endpoint.
func (b *balancer) join(caller net.Conn) {
	defer caller.Close()
	targets := b.targets()
	if len(targets) == 0 {
		return
	}
	b.mu.Lock()
	b.next++
	target := targets[b.next%len(targets)]
	b.mu.Unlock()
	callee, err := net.Dial("tcp", target)
	if err != nil {
		return // like a refused connection
	}
	defer callee.Close()
	b.mu.Lock()
	b.open = append(b.open, caller, callee)
	b.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { forward(callee, caller, 0) })
	both.Go(func() { forward(caller, callee, distance) })
	both.Wait()
}

// forward forwards data with a delay, and then the end of the stream.
func forward(to, from net.Conn, delay time.Duration) {
	type piece struct {
		data []byte
		at   time.Time
	}
	pieces := make(chan piece, 64)
	go func() {
		defer close(pieces)
		for {
			buffer := make([]byte, 32<<10)
			n, err := from.Read(buffer)
			if n > 0 {
				pieces <- piece{buffer[:n], time.Now().Add(delay)}
			}
			if err != nil {
				return
			}
		}
	}()
	for p := range pieces {
		<-time.After(time.Until(p.at))
		if _, err := to.Write(p.data); err != nil {
			_ = from.Close()
			for range pieces { // until the reader has ended
			}
			return
		}
	}
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}
