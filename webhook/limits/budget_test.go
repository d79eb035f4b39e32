package limits

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

var (
	apiServer = netip.MustParseAddr("10.0.0.1")
	hostile   = netip.MustParseAddr("10.1.0.1")
	another   = netip.MustParseAddr("10.1.0.2")
)

// clocked is a budget of 4 with a patience of a minute, and a clock that is set by hand.
type clocked struct {
	*budget
	at   time.Time
	lost []string
}

func newClocked() *clocked {
	c := &clocked{budget: newBudget(4, time.Minute), at: time.Unix(1e9, 0)}
	c.now = func() time.Time { return c.at }
	return c
}

// add acquires a part under a name; it is nil if there is no room. Time passes.
func (c *clocked) add(name string, address netip.Addr, size int64) *part {
	c.at = c.at.Add(time.Second)
	return c.acquire(address, size, func() { c.lost = append(c.lost, name) })
}

func (c *clocked) expect(t *testing.T, used int64, lost ...string) {
	t.Helper()
	if c.used != used || !slices.Equal(c.lost, lost) {
		t.Errorf("%d in use, lost %v; want %d, %v", c.used, c.lost, used, lost)
	}
}

func TestTheCallerThatHasTheMostLoses(t *testing.T) {
	c := newClocked()
	c.add("api-1", apiServer, 1)
	for _, name := range []string{"hostile-1", "hostile-2", "hostile-3"} {
		c.add(name, hostile, 1)
	}
	if c.add("api-2", apiServer, 1) == nil {
		t.Error("no room for the caller that has less")
	}
	c.expect(t, 4, "hostile-1")
	if c.add("api-3", apiServer, 1) != nil {
		t.Error("both have two, and nobody has waited for long: nobody may lose")
	}
	if c.add("hostile-4", hostile, 1) != nil {
		t.Error("the caller that has the most got more")
	}
	c.expect(t, 4, "hostile-1")
}

func TestWhoeverIsWaitedForTooLongLoses(t *testing.T) {
	c := newClocked()
	c.add("old", apiServer, 2)
	c.add("new", apiServer, 2)
	c.at = c.at.Add(59 * time.Second)
	if c.add("third", apiServer, 2) == nil {
		t.Error("no room though one has waited for longer than the patience")
	}
	c.expect(t, 4, "old")
}

func TestWhoeverIsWaitedForTooLongLosesBeforeTheCallerThatHasTheMost(t *testing.T) {
	c := newClocked()
	c.add("alone", hostile, 1)
	c.at = c.at.Add(time.Hour)
	for _, name := range []string{"1", "2", "3"} {
		c.add(name, apiServer, 1)
	}
	c.add("more", another, 1)
	c.expect(t, 4, "alone")
}

func TestTheNewestWins(t *testing.T) {
	c := newClocked()
	c.newest = true
	for _, name := range []string{"1", "2", "3", "4", "5"} {
		c.add(name, hostile, 1)
	}
	c.expect(t, 4, "1")
}

func TestWhatWasNeverUsedIsLostFirst(t *testing.T) {
	c := newClocked()
	served := c.add("served", hostile, 1)
	served.works()
	served.waits(forNext)
	for _, name := range []string{"1", "2", "3"} {
		c.add(name, hostile, 1)
	}
	c.at = c.at.Add(time.Hour)
	for _, name := range []string{"4", "5", "6"} {
		c.add(name, hostile, 1)
	}
	c.expect(t, 4, "1", "2", "3")
}

func TestWhatIsBeingAnsweredIsNotLost(t *testing.T) {
	c := newClocked()
	parts := make([]*part, 4)
	for i := range parts {
		parts[i] = c.add("working", hostile, 1)
		parts[i].works()
	}
	c.at = c.at.Add(time.Hour)
	if c.add("new", apiServer, 1) != nil {
		t.Error("room was made though everything is being worked on")
	}
	parts[0].release()
	parts[0].release() // twice is once
	if c.add("new", apiServer, 1) == nil {
		t.Error("no room after a release")
	}
	c.expect(t, 4)
}

func TestRoomForALargePartIsMadeOfSeveral(t *testing.T) {
	c := newClocked()
	for _, name := range []string{"1", "2", "3", "4"} {
		c.add(name, hostile, 1)
	}
	if c.add("large", apiServer, 2) == nil {
		t.Error("no room")
	}
	c.expect(t, 4, "1", "2")
}

// Whatever is lost stays lost, and callers without a part are forgotten.
func TestLostPartsStayLost(t *testing.T) {
	c := newClocked()
	p := c.add("lost", hostile, 4)
	q := c.add("new", apiServer, 1)
	p.waits(forNext)
	p.works()
	p.release()
	c.expect(t, 1, "lost")
	q.release()
	if len(c.callers) > 0 || c.used != 0 {
		t.Errorf("%d callers have %d", len(c.callers), c.used)
	}
}

func BenchmarkBudget(b *testing.B) {
	budget := newBudget(1<<20, time.Second)
	nothing := func() {}
	b.ReportAllocs()
	for b.Loop() {
		p := budget.acquire(apiServer, 10<<10, nothing)
		p.works()
		p.release()
	}
}
