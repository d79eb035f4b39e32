package controller

import (
	"cmp"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/source"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// ledger remembers what the last reconcile of each workload that asks for autoscaling
// came to. The status of policies is made of it, and the metric of workloads. A nil
// ledger remembers nothing.
type ledger struct {
	// changed is called after each reconcile; it must not block.
	changed func()

	mu      sync.Mutex
	entries map[types.NamespacedName]entry
	// seen is every workload that was reconciled, until somebody has waited for all.
	seen map[types.NamespacedName]bool
}

// entry is one workload that asks for autoscaling.
type entry struct {
	// policy rules it; empty if none does.
	policy string
	// blocked is what keeps it from being attached; nil if it is attached.
	blocked *finding.Finding
	paused  bool
	// pipeline is the worst about the way of its metric: an error or what could not
	// be found out; nil if there is neither.
	pipeline *finding.Finding
}

// outcome is what a reconcile came to. The zero value is that nothing asks for
// autoscaling, or that the workload is gone.
type outcome struct {
	// unchanged is true if the reconcile found nothing out.
	unchanged bool
	entry     *entry
}

var unchanged = outcome{unchanged: true}

// outcomeOf is what a resolution came to that asks for autoscaling or holds it,
// with everything that was found. What blocks counts also where an autoscaler is
// left from before: it is not what is asked for.
func outcomeOf(r plan.Resolution, findings []finding.Finding) outcome {
	if finding.Has(findings, policy.PolicyUnknown) {
		return unchanged
	}
	e := &entry{policy: r.PolicyName}
	switch i := slices.IndexFunc(findings, blocks); {
	case i >= 0:
		e.blocked = withoutFix(findings[i])
	case r.Plan == nil:
		return unchanged
	default:
		e.paused = r.Plan.Paused != "" && r.Plan.Paused != annotations.PauseNone
		e.pipeline = worstOfPipeline(findings, r.Plan.Enforcement)
	}
	return outcome{entry: e}
}

func blocks(f finding.Finding) bool { return finding.Blocks([]finding.Finding{f}) }

// worstOfPipeline is the first error in the order of the hops, or else the first
// that is unknown. What the policy ignores does not count, nor do warnings: the
// metric arrives nevertheless.
func worstOfPipeline(findings []finding.Finding, enforcement policy.Enforcement) *finding.Finding {
	var worst *finding.Finding
	for _, f := range findings {
		if f.Hop() == nil || f.Severity == finding.Warning || enforcement.For(f) == policy.Ignore {
			continue
		}
		if worst == nil || compareHealth(f, *worst) < 0 {
			worst = withoutFix(f)
		}
	}
	return worst
}

// compareHealth orders errors first, then by hop.
func compareHealth(a, b finding.Finding) int {
	rank := func(f finding.Finding) int {
		if f.Severity == finding.Error {
			return 0
		}
		return 1
	}
	hop := func(f finding.Finding) int { return slices.Index(source.Hops(), f.Hop()) }
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(hop(a), hop(b)))
}

// withoutFix leaves out what a status does not tell, which is most of the bytes.
func withoutFix(f finding.Finding) *finding.Finding {
	f.Fix = finding.Fix{}
	return &f
}

func newLedger(changed func()) *ledger {
	return &ledger{
		changed: changed,
		entries: map[types.NamespacedName]entry{},
		seen:    map[types.NamespacedName]bool{},
	}
}

// record keeps what the reconcile of a workload came to.
func (l *ledger) record(key types.NamespacedName, o outcome) {
	if l == nil {
		return
	}
	l.mu.Lock()
	switch {
	case o.unchanged:
	case o.entry == nil:
		delete(l.entries, key)
	default:
		l.entries[key] = *o.entry
	}
	if l.seen != nil {
		l.seen[key] = true
	}
	l.mu.Unlock()
	l.changed()
}

// complete tells whether all these workloads have been reconciled since the start.
// Once it was true it stays so.
func (l *ledger) complete(all []types.NamespacedName) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		return true
	}
	for _, key := range all {
		if !l.seen[key] {
			return false
		}
	}
	l.seen = nil
	return true
}
