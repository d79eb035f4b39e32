package limits

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/kong-latency/kong-latency/internal/metrics"
)

// Connections bounds the connections of one server.
type Connections struct {
	budget *budget
	refuse func(reason string)
}

// NewConnections returns a bound of so many connections. A new one displaces one that has
// kept the server waiting for longer than the patience or, if there is none, another one:
// among many who connect at once, those who say something soon are served. The function
// refuse is called for each that is displaced, or ends without a request.
func NewConnections(most int64, patience time.Duration, refuse func(reason string)) *Connections {
	b := newBudget(most, patience)
	b.newest = true
	return &Connections{b, refuse}
}

// Listener returns a listener whose connections are bounded. It accepts those of TCP,
// below TLS: a displaced connection costs no handshake.
func (l *Connections) Listener(inner net.Listener) net.Listener { return &listener{inner, l} }

type listener struct {
	net.Listener
	connections *Connections
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &connection{Conn: raw, refuse: l.connections.refuse}
		if c.part = l.connections.budget.acquire(addressOf(raw), 1, c.displaced); c.part != nil {
			return c, nil
		}
		// No connection can be displaced.
		l.connections.refuse(metrics.TooManyConnections)
		_ = raw.Close()
	}
}

// connection is a connection that counts.
type connection struct {
	net.Conn
	refuse func(reason string)
	part   *part
	// known is true if it ended in a way that was counted, or had a request.
	known atomic.Bool
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.part.release()
	if !c.known.Swap(true) {
		c.refuse(metrics.NoRequest)
	}
	return c.Conn.Close()
}

// displaced closes the connection for a new one.
func (c *connection) displaced() {
	c.known.Store(true)
	c.refuse(metrics.TooManyConnections)
	_ = c.Conn.Close() // its goroutine sees that, and ends
}

func addressOf(c net.Conn) netip.Addr {
	if tcp, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// Watch makes a server say what its connections, which the listener accepted, wait for.
func (l *Connections) Watch(s *http.Server) {
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if known := below(c); known != nil {
			return context.WithValue(ctx, connectionKey{}, known)
		}
		return ctx
	}
	s.ConnState = func(c net.Conn, state http.ConnState) {
		known := below(c)
		switch {
		case known == nil:
		case state == http.StateActive: // the header of a request was read
			known.known.Store(true)
		case state == http.StateIdle:
			known.part.waits(forNext)
		}
	}
}

type connectionKey struct{}

// below returns the connection below TLS.
func below(c net.Conn) *connection {
	if over, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = over.NetConn()
	}
	known, _ := c.(*connection)
	return known
}
