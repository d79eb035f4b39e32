package controller

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
)

// tally sums up the workloads of one policy.
type tally struct {
	attached, blocked, paused int32
	// blockedWorkloads are the first by namespace and name.
	blockedWorkloads []v1alpha1.BlockedWorkload
	// broken is how many attached workloads have an error on the way of their metric,
	// and unknown how many have none but something that could not be found out.
	broken, unknown int32
	// worst is the first of those findings: errors come first, then the order of the
	// hops, then that of the workloads. It is about the workload worstOf.
	worst   *finding.Finding
	worstOf types.NamespacedName
}

// tallies sums up by policy. The same entries always give the same.
func (l *ledger) tallies() map[string]*tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	keys := make([]types.NamespacedName, 0, len(l.entries))
	for key, e := range l.entries {
		if e.policy != "" {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b types.NamespacedName) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	out := map[string]*tally{}
	for _, key := range keys {
		e := l.entries[key]
		if out[e.policy] == nil {
			out[e.policy] = &tally{}
		}
		out[e.policy].add(key, e)
	}
	return out
}

// add counts one workload; they come in their order.
func (t *tally) add(key types.NamespacedName, e entry) {
	if e.blocked != nil {
		t.blocked++
		if len(t.blockedWorkloads) < v1alpha1.MaxBlockedWorkloads {
			t.blockedWorkloads = append(t.blockedWorkloads, v1alpha1.BlockedWorkload{
				Namespace: key.Namespace, Name: key.Name,
				Reason: e.blocked.Reason.Name, Message: render.Clip(e.blocked.Message),
			})
		}
		return
	}
	t.attached++
	if e.paused {
		t.paused++
	}
	if e.pipeline == nil {
		return
	}
	if e.pipeline.Severity == finding.Error {
		t.broken++
	} else {
		t.unknown++
	}
	if t.worst == nil || compareHealth(*e.pipeline, *t.worst) < 0 {
		t.worst, t.worstOf = e.pipeline, key
	}
}
