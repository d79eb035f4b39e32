package sim_test

import (
	"testing"

	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// What costs more than it may is open, not refused: the Prometheus itself may well answer.
func TestALimitIsNoAnswer(t *testing.T) {
	if e := evaluate(t, shape(nil), `avg_over_time(sum by (svc) (latency_count)[29d:1s])`); e.Outcome != sim.Open {
		t.Errorf("got %+v", e)
	}
}
