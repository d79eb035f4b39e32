package operator_test

import (
	"testing"

	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// The baseline must be good, or no other test says anything.
func TestGoodSnapshot(t *testing.T) {
	if found := diagnose(pipelinetest.Good()).Findings(); len(found) > 0 {
		t.Errorf("got %v", found)
	}
}
