package operator_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/output/hpa"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/series"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// breaker is one known way to break the good pipeline.
type breaker struct {
	name   string
	change func(*testing.T, *pipeline.Snapshot)
	// reason is found then.
	reason *finding.Reason
	// sentence: the fix cannot be said in YAML.
	sentence bool
	// uncovers is an unknown that the fixed object leaves, and that is not told
	// as long as the object is refused anyway.
	uncovers *finding.Reason
}

// broken is the good snapshot after the breakers.
func broken(t *testing.T, breakers ...breaker) *pipeline.Snapshot {
	t.Helper()
	s := pipelinetest.Good()
	for _, b := range breakers {
		b.change(t, s)
	}
	return s
}

// allBreakers breaks every hop in every way that has a reason of its own. The
// adapter's configuration is broken under each of the three ways to fix it.
func allBreakers() []breaker {
	var adapters []breaker
	for _, b := range adapterBreakers {
		helm, plain := b, b
		helm.name += ", Helm"
		plain.name += ", ConfigMap"
		plain.change = both(breaks(func(s *pipeline.Snapshot) { s.Adapter.HelmRelease = "" }), b.change)
		adapters = append(adapters, helm, plain)
	}
	for _, b := range ruleBreakers {
		b.name += ", text unknown"
		b.change = both(b.change, breaks(func(s *pipeline.Snapshot) { s.Adapter.Document = "" }))
		adapters = append(adapters, b)
	}
	return slices.Concat(gatewayBreakers, monitorBreakers, prometheusBreakers, apiBreakers, adapters)
}

// Applying the fix that a finding carries makes the finding go away, and nothing
// comes in its place.
func TestFixesWork(t *testing.T) {
	for _, b := range allBreakers() {
		t.Run(b.name, func(t *testing.T) {
			before := diagnose(broken(t, b)).Findings()
			i := slices.IndexFunc(before, func(f finding.Finding) bool { return f.Reason == b.reason })
			if i < 0 {
				t.Fatalf("want %s, got %v", b.reason.Name, before)
			}
			if yaml := len(pipelinetest.Documents(render.Fix(before[i].Fix))) > 0; yaml == b.sentence {
				t.Fatalf("is the fix YAML? want %v, got %v:\n%s", !b.sentence, yaml, render.Fix(before[i].Fix))
			}
			for _, f := range before {
				if len(pipelinetest.Documents(render.Fix(f.Fix))) == 0 {
					continue
				}
				s := broken(t, b)
				pipelinetest.Apply(t, s, render.Fix(f.Fix))
				for _, left := range diagnose(s).Findings() {
					if left.Reason == f.Reason || !among(before, left) && !b.hid(left) {
						t.Errorf("after the fix of %s there is\n%s\nthe fix is\n%s", f.Reason, left, render.Fix(f.Fix))
					}
				}
			}
		})
	}
}

func (b breaker) hid(f finding.Finding) bool { return b.uncovers != nil && b.uncovers == f.Reason }

// among reports whether the same was found about the same object.
func among(findings []finding.Finding, f finding.Finding) bool {
	return slices.ContainsFunc(findings, func(x finding.Finding) bool { return x.Reason == f.Reason && x.Object == f.Object })
}

// A pipeline broken in several places is fixed by applying what the findings
// print until none prints YAML any more. What then remains is what YAML cannot
// fix, as when two breaks need opposite changes, and says what to do.
func FuzzFixesConverge(f *testing.F) {
	var fixable []breaker
	for _, b := range allBreakers() {
		if !b.sentence {
			fixable = append(fixable, b)
		}
	}
	n := uint16(len(fixable))
	for i := range n {
		f.Add(i, i*7+3, i*31+11)
	}
	f.Fuzz(func(t *testing.T, i, j, k uint16) {
		chosen := []breaker{fixable[i%n], fixable[j%n], fixable[k%n]}
		for _, left := range applyAll(t, broken(t, chosen...)) {
			if len(pipelinetest.Documents(render.Fix(left.Fix))) > 0 || left.Fix.IsZero() && left.Severity == finding.Error {
				t.Errorf("%s; %s; %s: there remains\n%s\n%s", chosen[0].name, chosen[1].name, chosen[2].name, left, render.Fix(left.Fix))
			}
		}
	})
}

// applyAll applies fixes until there are none, and returns what remains.
func applyAll(t *testing.T, s *pipeline.Snapshot) []finding.Finding {
	t.Helper()
	const most = 8
	for range most {
		found := diagnose(s).Findings()
		i := slices.IndexFunc(found, func(f finding.Finding) bool { return len(pipelinetest.Documents(render.Fix(f.Fix))) > 0 })
		if i < 0 {
			return found
		}
		pipelinetest.Apply(t, s, render.Fix(found[i].Fix))
	}
	return diagnose(s).Findings()
}

// Every reason that is declared is broken into above, so that a new one cannot
// come without a fix that was tried, or the word that it has none.
func TestEveryReasonIsTried(t *testing.T) {
	tried := map[string]bool{}
	for _, b := range allBreakers() {
		tried[b.reason.Name] = true
	}
	for _, r := range reasons() {
		if !tried[r.Name] && r.Hop != series.Hop && r.Hop != hpa.Hop { // not found by Evaluate
			t.Errorf("nothing breaks the pipeline so that %s is found", r.Name)
		}
	}
}

// What is printed for kubectl stays tidy: no tabs, no trailing
// spaces, and a newline at the end.
func TestFixesAreTidy(t *testing.T) {
	for _, b := range allBreakers() {
		for _, f := range diagnose(broken(t, b)).Findings() {
			if err := tidy(render.Fix(f.Fix)); len(pipelinetest.Documents(render.Fix(f.Fix))) > 0 && err != nil {
				t.Errorf("%s: %v in\n%s", b.name, err, render.Fix(f.Fix))
			}
		}
	}
}

func tidy(fix string) error {
	if !strings.HasSuffix(fix, "\n") {
		return fmt.Errorf("no newline at the end")
	}
	for line := range strings.Lines(fix) {
		line = strings.TrimSuffix(line, "\n")
		if strings.Contains(line, "\t") || strings.TrimRight(line, " ") != line || line == "" {
			return fmt.Errorf("an untidy line %q", line)
		}
	}
	return nil
}
