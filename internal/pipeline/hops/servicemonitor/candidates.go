package servicemonitor

import (
	"cmp"
	"math"
	"slices"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/bound"
)

// How many monitors are judged for one Service and one Prometheus, and the size of their
// regular expressions together. Anybody may create monitors that look as if they were
// meant for Kong Operator.
const (
	maxCandidates    = 100
	maxCandidateSize = 2 * bound.MaxProgram
)

// candidates are the monitors that are judged, and the number of those that are not.
type candidates struct {
	monitors []*monitoringv1.ServiceMonitor
	left     int
}

type candidatesKey struct {
	namespace, service string
	prometheus         *monitoringv1.Prometheus
}

// candidates are the monitors that select the Service or are likely meant for it. They are
// the same for all subjects. First are those beside the Service and the Prometheus, which
// few people may write, then those that cost little.
func (q question) candidates() candidates {
	return pipeline.Shared(q.c, candidatesKey{q.Service.Namespace, q.Service.Name, q.Prometheus}, func(s *pipeline.Snapshot) candidates {
		type costly struct {
			monitor    *monitoringv1.ServiceMonitor
			tier, size int
		}
		var all []costly
		for _, m := range s.ServiceMonitors.Items {
			q.Monitor = m
			if !q.matches() && !q.meant() {
				continue
			}
			c := costly{monitor: m, tier: 1}
			if m.Namespace == q.Service.Namespace || q.Prometheus != nil && m.Namespace == q.Prometheus.Namespace {
				c.tier = 0
			}
			size, large := q.Cost()
			if c.size = size; large != nil {
				c.size = math.MaxInt // and judging it is cheap
			}
			all = append(all, c)
		}
		slices.SortStableFunc(all, func(a, b costly) int { return cmp.Or(a.tier-b.tier, cmp.Compare(a.size, b.size)) })
		var out candidates
		spent := 0
		for _, c := range all {
			if c.size != math.MaxInt {
				spent += c.size
			}
			if len(out.monitors) == maxCandidates || spent > maxCandidateSize {
				out.left = len(all) - len(out.monitors)
				break
			}
			out.monitors = append(out.monitors, c.monitor)
		}
		return out
	})
}

type refusedKey struct{}

// refused are the monitors for whose sake a Prometheus that selects them refuses its
// configuration. Those that are too large are not known to be.
func (q question) refused() []*monitoringv1.ServiceMonitor {
	return pipeline.Shared(q.c, refusedKey{}, func(s *pipeline.Snapshot) []*monitoringv1.ServiceMonitor {
		q.Prometheus = nil
		var out []*monitoringv1.ServiceMonitor
		for _, m := range s.ServiceMonitors.Items {
			q.Monitor = m
			if !q.MayBeRefused() {
				continue
			}
			if _, large := q.Cost(); large == nil && q.Refusal() != nil {
				out = append(out, m)
			}
		}
		return out
	})
}
