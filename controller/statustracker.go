package controller

import (
	"cmp"
	"reflect"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/source"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// statusTracker remembers the outcome of the last reconcile of each enabled workload.
// The statuses of policies and the metric of workloads are made of it. A nil tracker
// remembers nothing.
type statusTracker struct {
	mu      sync.Mutex
	entries map[types.NamespacedName]entry
	// seen is every workload that was reconciled; nil once all were.
	seen map[types.NamespacedName]bool
	// records counts reconciles.
	records uint64
	// changed is called with the policies whose workloads have another outcome; it must
	// not block. It is nil as long as there is no subscriber.
	changed func(policies ...string)
}

// entry is the outcome of one enabled workload.
type entry struct {
	// policy is the name of its effective policy; empty if it has none.
	policy string
	// blocked is what keeps it from being attached; nil if it is attached.
	blocked *finding.Finding
	paused  bool
	// pipeline is the worst finding about its metric pipeline: an error, or else one that
	// is unknown; nil if there is neither.
	pipeline *finding.Finding
	// service is the name of its Service, and target the latency to hold, in seconds; they
	// are zero without a plan.
	service string
	target  float64
	// autoscaler is the name of the managed autoscaler, and output its kind; empty without.
	autoscaler, output string
}

// outcome is the result of a reconcile. The zero value is a workload that is not enabled,
// or is deleted.
type outcome struct {
	// unchanged is true if the reconcile found nothing out.
	unchanged bool
	entry     *entry
}

var unchanged = outcome{unchanged: true}

// outcomeOf is the outcome for an enabled or retained workload with these findings. An
// error that blocks counts also if an earlier managed object is left, because that is not
// as the settings ask for.
func outcomeOf(r plan.Resolution, findings []finding.Finding) outcome {
	if finding.Has(findings, policy.PolicyUnknown) {
		return unchanged
	}
	e := &entry{policy: r.PolicyName}
	if r.Plan != nil {
		e.service, e.target = r.Plan.Service, r.Plan.Target.AsApproximateFloat64()/1000
	}
	if managed := r.Claim.Managed; managed != nil {
		e.autoscaler, e.output = managed.Name, managed.Kind
	}
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

// worstOfPipeline is the first error in the order of the hops, or else the first finding
// that is unknown. What the policy ignores does not count, nor do warnings, with which
// the metric arrives.
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

// withoutFix leaves out the fix, which no status shows and which is most of the bytes.
func withoutFix(f finding.Finding) *finding.Finding {
	f.Fix = finding.Fix{}
	return &f
}

func newStatusTracker() *statusTracker {
	return &statusTracker{entries: map[types.NamespacedName]entry{}, seen: map[types.NamespacedName]bool{}}
}

// follow has changed called from now on.
func (t *statusTracker) follow(changed func(policies ...string)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changed = changed
}

// record keeps the outcome of the reconcile of a workload.
func (t *statusTracker) record(key types.NamespacedName, o outcome) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.records++
	if t.seen != nil {
		t.seen[key] = true
	}
	if affected := t.keep(key, o); t.changed != nil && len(affected) > 0 {
		t.changed(affected...)
	}
}

// keep returns the policies that an outcome changes the summary of.
func (t *statusTracker) keep(key types.NamespacedName, o outcome) (affected []string) {
	before, known := t.entries[key]
	switch {
	case o.unchanged, o.entry == nil && !known, known && o.entry != nil && reflect.DeepEqual(before, *o.entry):
		return nil
	case o.entry == nil:
		delete(t.entries, key)
	default:
		t.entries[key] = o.entry.sharing(key.Name)
		if o.entry.policy != "" {
			affected = append(affected, o.entry.policy)
		}
	}
	if before.policy != "" && !slices.Contains(affected, before.policy) {
		affected = append(affected, before.policy)
	}
	return affected
}

// sharing has the names that are the workload's, as most are, share its bytes.
func (e entry) sharing(name string) entry {
	for _, field := range []*string{&e.service, &e.autoscaler} {
		if *field == name {
			*field = name
		}
	}
	return e
}

// complete reports whether all these workloads have been reconciled since the start.
// Once true it stays true.
func (t *statusTracker) complete(all []types.NamespacedName) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seen == nil {
		return true
	}
	for _, key := range all {
		if !t.seen[key] {
			return false
		}
	}
	t.seen = nil
	return true
}

// recorded is how many reconciles there were.
func (t *statusTracker) recorded() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.records
}
