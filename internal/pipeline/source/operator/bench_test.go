package operator_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/source/operator"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// largeDocument has 2,000 rules and more than 1 MB. All match the series; the
// first makes the metric, or none does.
func largeDocument(t testing.TB, served bool) string {
	var b strings.Builder
	b.WriteString("rules:\n")
	for i := range 2000 {
		name := fmt.Sprintf("    as: metric_%d\n", i)
		if i == 0 && served {
			name = pipelinetest.TextAs
		}
		b.WriteString(pipelinetest.Another(t, pipelinetest.TextAs, name, pipelinetest.TextName, "  seriesFilters:\n  - isNot: ^container_\n  - isNot: _total$\n"+pipelinetest.TextName))
	}
	if b.Len() < 1<<20 {
		t.Fatalf("the configuration has only %d bytes", b.Len())
	}
	return b.String()
}

func TestLargeConfiguration(t *testing.T) {
	for served, want := range map[bool]int{true: 0, false: 1} {
		s := pipelinetest.Good()
		pipelinetest.Configure(&s.Adapter, largeDocument(t, served))
		if found := diagnose(s).Findings(); len(found) != want {
			t.Errorf("served %v: got %v", served, found)
		}
		rules := s.Adapter.Config.Len()
		if n := int(testing.AllocsPerRun(1, func() { diagnose(s) })); n > 10*rules {
			t.Errorf("served %v: %d allocations for %d rules", served, n, rules)
		}
	}
}

// The promise is less than 50 ms for a configuration of 1 MB that is parsed
// already, and close to nothing for a subject that was evaluated before.
func BenchmarkEvaluate(b *testing.B) {
	large := func(served bool) *pipeline.Snapshot {
		s := pipelinetest.Good()
		pipelinetest.Configure(&s.Adapter, largeDocument(b, served))
		return s
	}
	broken := pipelinetest.Good()
	pipelinetest.Configure(&broken.Adapter, pipelinetest.Edited(b, pipelinetest.TextBy, "sum"))
	for _, bc := range []struct {
		name     string
		snapshot *pipeline.Snapshot
	}{
		{"guide", pipelinetest.Good()},
		{"guide broken", broken},
		{"first of 2000 rules", large(true)},
		{"none of 2000 rules", large(false)},
	} {
		b.Run(bc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				diagnose(bc.snapshot).Findings()
			}
		})
		b.Run(bc.name+", another workload", func(b *testing.B) {
			b.ReportAllocs()
			e := pipeline.NewEvaluator(bc.snapshot)
			for i := 0; b.Loop(); i++ {
				another := pipelinetest.Subject
				another.Service = fmt.Sprintf("echo-%d", i)
				e.Diagnose(operator.Source{}, another)
			}
		})
		b.Run(bc.name+", remembered", func(b *testing.B) {
			b.ReportAllocs()
			e := pipeline.NewEvaluator(bc.snapshot)
			for b.Loop() {
				e.Diagnose(operator.Source{}, pipelinetest.Subject)
			}
		})
	}
}
