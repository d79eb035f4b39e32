package gateway

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
)

// pool contains the echo servers behind the route and selects them in turn, like Kong's
// round-robin balancer.
type pool struct {
	capacity Capacity

	mu      sync.Mutex
	members []member // sorted by name
	next    int
	closed  bool
}

// member is one echo server with the name of the endpoint that it simulates.
type member struct {
	name   string
	url    *url.URL
	server *server
}

func newPool(c Capacity) *pool { return &pool{capacity: c} }

// set makes the pool contain exactly one echo server for each name. Removed servers
// finish their requests.
func (p *pool) set(names []string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	var errs []error
	var kept []member
	for _, m := range p.members {
		if slices.Contains(names, m.name) {
			kept = append(kept, m)
		} else {
			go m.server.drain()
		}
	}
	for _, name := range names {
		if slices.ContainsFunc(kept, func(m member) bool { return m.name == name }) {
			continue
		}
		s, err := serve(newEcho(p.capacity))
		if err != nil {
			errs = append(errs, fmt.Errorf("start echo server of %s: %w", name, err))
			continue
		}
		kept = append(kept, member{name: name, url: s.url, server: s})
	}
	slices.SortFunc(kept, func(a, b member) int { return cmp.Compare(a.name, b.name) })
	p.members = kept
	return errors.Join(errs...)
}

// pick returns the next server, nil if there is none.
func (p *pool) pick() *url.URL {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.members) == 0 {
		return nil
	}
	p.next = (p.next + 1) % len(p.members)
	return p.members[p.next].url
}

// size returns the number of echo servers.
func (p *pool) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.members)
}

// close stops all servers at once; set has no effect afterwards.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, m := range p.members {
		m.server.close()
	}
	p.members = nil
}
