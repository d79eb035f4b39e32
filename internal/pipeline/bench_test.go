package pipeline

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// largeDocument has 2,000 rules and more than 1 MB. All match the series; the
// first makes the metric, or none does.
func largeDocument(t testing.TB, served bool) string {
	var b strings.Builder
	b.WriteString("rules:\n")
	for i := range 2000 {
		name := fmt.Sprintf("    as: metric_%d\n", i)
		if i == 0 && served {
			name = textAs
		}
		b.WriteString(another(t, textAs, name, textName, "  seriesFilters:\n  - isNot: ^container_\n  - isNot: _total$\n"+textName))
	}
	if b.Len() < 1<<20 {
		t.Fatalf("the configuration has only %d bytes", b.Len())
	}
	return b.String()
}

func TestLargeConfiguration(t *testing.T) {
	for served, want := range map[bool]int{true: 0, false: 1} {
		s := goodSnapshot()
		configure(&s.Adapter, largeDocument(t, served))
		var found []finding.Finding
		took := time.Duration(math.MaxInt64)
		for range 5 { // other tests run beside this one
			start := time.Now()
			found = Evaluate(s, goodSubject)
			took = min(took, time.Since(start))
		}
		if len(found) != want {
			t.Errorf("served %v: got %v", served, found)
		}
		// Ten times what is promised: this is no benchmark.
		if took > 500*time.Millisecond {
			t.Errorf("served %v: took %s", served, took)
		}
	}
}

// The promise is less than 50 ms for a configuration of 1 MB that is parsed
// already, and next to nothing for a question that was asked before.
func BenchmarkEvaluate(b *testing.B) {
	large := func(served bool) *Snapshot {
		s := goodSnapshot()
		configure(&s.Adapter, largeDocument(b, served))
		return s
	}
	broken := goodSnapshot()
	configure(&broken.Adapter, edited(b, textBy, "sum"))
	for _, bc := range []struct {
		name     string
		snapshot *Snapshot
	}{
		{"guide", goodSnapshot()},
		{"guide broken", broken},
		{"first of 2000 rules", large(true)},
		{"none of 2000 rules", large(false)},
	} {
		b.Run(bc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Evaluate(bc.snapshot, goodSubject)
			}
		})
		b.Run(bc.name+", another workload", func(b *testing.B) {
			b.ReportAllocs()
			e := NewEvaluator(bc.snapshot)
			for i := 0; b.Loop(); i++ {
				another := goodSubject
				another.Service = fmt.Sprintf("echo-%d", i)
				e.Evaluate(another)
			}
		})
		b.Run(bc.name+", remembered", func(b *testing.B) {
			b.ReportAllocs()
			e := NewEvaluator(bc.snapshot)
			for b.Loop() {
				e.Evaluate(goodSubject)
			}
		})
	}
}
