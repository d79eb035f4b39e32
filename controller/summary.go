package controller

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
)

// summary is the sum of the outcomes of the workloads of one policy.
type summary struct {
	attached, blocked, paused int32
	// blockedWorkloads are the first by namespace and name.
	blockedWorkloads []v1alpha1.BlockedWorkload
	// broken is how many attached workloads have an error in their metric pipeline, and
	// unknown how many have none but something unknown.
	broken, unknown int32
	// worst is the first of those findings: errors come first, then the order of the
	// hops, then that of the workloads. It is about the workload worstOf.
	worst   *finding.Finding
	worstOf types.NamespacedName
}

// summary sums up the workloads of one policy. The same entries always give the same.
func (t *statusTracker) summary(policy string) summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	var keys []types.NamespacedName
	for key, e := range t.entries {
		if e.policy == policy {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b types.NamespacedName) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	var s summary
	for _, key := range keys {
		s.add(key, t.entries[key])
	}
	return s
}

// add counts one workload; they must be added in order.
func (s *summary) add(key types.NamespacedName, e entry) {
	if e.blocked != nil {
		s.blocked++
		if len(s.blockedWorkloads) < v1alpha1.MaxBlockedWorkloads {
			s.blockedWorkloads = append(s.blockedWorkloads, v1alpha1.BlockedWorkload{
				Namespace: key.Namespace, Name: key.Name,
				Reason: e.blocked.Reason.Name, Message: render.Clip(e.blocked.Message),
			})
		}
		return
	}
	s.attached++
	if e.paused {
		s.paused++
	}
	if e.pipeline == nil {
		return
	}
	if e.pipeline.Severity == finding.Error {
		s.broken++
	} else {
		s.unknown++
	}
	if s.worst == nil || compareHealth(*e.pipeline, *s.worst) < 0 {
		s.worst, s.worstOf = e.pipeline, key
	}
}
