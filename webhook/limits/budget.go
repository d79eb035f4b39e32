package limits

import (
	"container/list"
	"net/netip"
	"sync"
	"time"
)

// budget is a bounded quantity that callers share. It is fair between them: see loser.
type budget struct {
	capacity int64
	patience time.Duration
	// newest is true if a new part always displaces another one that waits.
	newest bool
	now    func() time.Time

	mu      sync.Mutex
	used    int64
	callers map[netip.Addr]*caller
}

func newBudget(capacity int64, patience time.Duration) *budget {
	return &budget{capacity: capacity, patience: patience, now: time.Now, callers: map[netip.Addr]*caller{}}
}

// caller is what one address has of a budget.
type caller struct {
	address netip.Addr
	used    int64
	// waiting are the parts that wait for their client, the longest wait first.
	waiting [2]list.List
}

// wait says what a part waits for.
type wait int

const (
	// forRequest: nothing was received so far, or a part of a request.
	forRequest wait = iota
	// forNext: a request was answered, and the next one may come. Whoever called before
	// is more likely to be the API server.
	forNext
)

// part is a part of a budget that is in use. It can be lost to another caller while it
// waits for its client, but not while the server works on a request.
type part struct {
	budget *budget
	caller *caller
	size   int64
	lost   func() // ends what the part is used for; called without a lock

	// Of the wait; element is nil while it does not wait.
	kind    wait
	since   time.Time
	element *list.Element
	// released is true when the part is no longer in the budget.
	released bool
}

// acquire returns a part that waits for its request, or nil if there is no room and
// nobody can lose a part. The function lost is called if the part is lost later.
func (b *budget) acquire(address netip.Addr, size int64, lost func()) *part {
	b.mu.Lock()
	var losers []*part
	for b.used+size > b.capacity {
		p := b.loser(address, size)
		if p == nil {
			break
		}
		p.remove()
		losers = append(losers, p)
	}
	var p *part
	if b.used+size <= b.capacity {
		c := b.callers[address]
		if c == nil {
			c = &caller{address: address}
			b.callers[address] = c
		}
		c.used += size
		b.used += size
		p = &part{budget: b, caller: c, size: size, lost: lost}
		p.enqueue(forRequest)
	}
	b.mu.Unlock()
	for _, p := range losers {
		p.lost()
	}
	return p
}

// loser returns the part that makes room for a new one of this size, or nil. A part that
// has waited for longer than the patience comes before the others, then one of the
// caller that has the most, then the longest wait. One within the patience is lost only
// to a caller that has less than its own, unless the newest always wins.
func (b *budget) loser(address netip.Addr, size int64) *part {
	var loser *part
	loserStale := false
	now := b.now()
	for _, c := range b.callers {
		p, stale := c.first(now.Add(-b.patience))
		if p == nil || loserStale && !stale {
			continue
		}
		if loser == nil || stale && !loserStale || c.used > loser.caller.used ||
			c.used == loser.caller.used && p.since.Before(loser.since) {
			loser, loserStale = p, stale
		}
	}
	if loser == nil || loserStale || b.newest {
		return loser
	}
	have := size
	if c := b.callers[address]; c != nil {
		have += c.used
	}
	if loser.caller.used > have {
		return loser
	}
	return nil
}

// first returns what the caller would lose first, and whether it has waited since
// before a time.
func (c *caller) first(before time.Time) (p *part, stale bool) {
	for i := range c.waiting {
		front := c.waiting[i].Front()
		if front == nil {
			continue
		}
		q := front.Value.(*part)
		if !q.since.After(before) {
			return q, true
		}
		if p == nil {
			p = q
		}
	}
	return p, false
}

// works says that the server works on a request: the part cannot be lost.
func (p *part) works() {
	p.budget.mu.Lock()
	defer p.budget.mu.Unlock()
	p.dequeue()
}

// waits says that the part waits for its client from now on.
func (p *part) waits(kind wait) {
	p.budget.mu.Lock()
	defer p.budget.mu.Unlock()
	if !p.released {
		p.dequeue()
		p.enqueue(kind)
	}
}

// release gives the part back, unless it was lost.
func (p *part) release() {
	p.budget.mu.Lock()
	defer p.budget.mu.Unlock()
	p.remove()
}

func (p *part) enqueue(kind wait) {
	p.kind, p.since = kind, p.budget.now()
	p.element = p.caller.waiting[kind].PushBack(p)
}

func (p *part) dequeue() {
	if p.element != nil {
		p.caller.waiting[p.kind].Remove(p.element)
		p.element = nil
	}
}

func (p *part) remove() {
	if p.released {
		return
	}
	p.released = true
	p.dequeue()
	p.budget.used -= p.size
	p.caller.used -= p.size
	if p.caller.used == 0 {
		delete(p.budget.callers, p.caller.address)
	}
}
