package autoscale_test

import (
	"testing"
	"time"

	"github.com/kong-latency/kong-latency/internal/autoscale"
)

func TestOutage(t *testing.T) {
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0) }
	var o autoscale.Outage
	hold := func(seconds int64) bool {
		_, hold := o.Until(time.Minute, at(seconds))
		return hold
	}
	if o = o.Follow(at(0), 5, 0); hold(0) {
		t.Error("a workload that starts is an outage")
	}
	if o = o.Follow(at(10), 5, 3); hold(10) {
		t.Error("an outage with ready pods")
	}
	if o = o.Follow(at(20), 0, 0); hold(20) {
		t.Error("a workload that is scaled to zero is an outage")
	}
	if o = o.Follow(at(30), 5, 0); !hold(30) {
		t.Error("no outage without a ready pod")
	}
	if o = o.Follow(at(40), 5, 5); !hold(40) || !hold(119) || hold(120) {
		t.Error("it is to last until the window no longer has the time without a ready pod")
	}
	if o = autoscale.Begun(at(0)); !hold(0) {
		t.Error("one that has begun is none")
	}
}
