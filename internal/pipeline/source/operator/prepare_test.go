package operator_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/source/operator"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// costly is a configuration of 2,000 rules, of which each is evaluated to find one that
// would serve the metric.
func costly(t testing.TB) *pipeline.Snapshot {
	var b strings.Builder
	b.WriteString("rules:\n")
	for i := range 2000 {
		b.WriteString(pipelinetest.Another(t, pipelinetest.TextBy, fmt.Sprintf("%d * sum", i)))
	}
	s := pipelinetest.Good()
	pipelinetest.Configure(&s.Adapter, b.String())
	return s
}

// Whoever is the first to want a verdict after a change of the rules, or of anything else,
// does not pay for the evaluation of the rules.
func TestRulesAreEvaluatedBeforeASnapshotIsUsed(t *testing.T) {
	current := pipelinetest.Good()
	latest := &pipeline.Latest{Snapshot: func() *pipeline.Snapshot { return current }}
	if found := latest.Evaluator().Diagnose(operator.Source{}, pipelinetest.Subject).Findings(); len(found) > 0 {
		t.Fatal(found)
	}
	changed := costly(t)
	another := *changed
	for name, next := range map[string]*pipeline.Snapshot{"rules": changed, "something else": &another} {
		latest.Prepare(next)
		current = next
		subject := pipelinetest.Subject
		n := testing.AllocsPerRun(1, func() {
			subject.Service += "-x" // a question that did not come before
			if found := latest.Evaluator().Diagnose(operator.Source{}, subject).Findings(); len(found) == 0 {
				t.Error("nothing is found")
			}
		})
		if most := 10_000.0; n > most {
			t.Errorf("after a change of the %s the first question allocates %.0f times, want at most %.0f", name, n, most)
		}
	}
}

// BenchmarkChangedRules is what is done in the background after a change of 2,000 rules.
func BenchmarkChangedRules(b *testing.B) {
	good, changed := pipelinetest.Good(), costly(b)
	for b.Loop() {
		latest := &pipeline.Latest{Snapshot: func() *pipeline.Snapshot { return good }}
		latest.Evaluator().Diagnose(operator.Source{}, pipelinetest.Subject)
		latest.Prepare(changed)
	}
}
