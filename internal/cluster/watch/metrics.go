package watch

import (
	"time"

	prom "github.com/prometheus/client_golang/prometheus"

	"github.com/kong-latency/kong-latency/internal/metrics"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// adapterConfiguration is what the metrics call the one part of a snapshot that is
// not the objects of a kind.
const adapterConfiguration = "adapter-configuration"

var (
	unreadDesc  = metrics.SnapshotUnread.Desc()
	droppedDesc = metrics.SnapshotDropped.Desc()
	changeDesc  = metrics.SnapshotChange.Desc()
	checkDesc   = metrics.SnapshotCheck.Desc()
)

var _ prom.Collector = (*Source)(nil)

// Describe implements prometheus.Collector.
func (s *Source) Describe(ch chan<- *prom.Desc) {
	ch <- unreadDesc
	ch <- droppedDesc
	ch <- changeDesc
	ch <- checkDesc
}

// Collect implements prometheus.Collector.
func (s *Source) Collect(ch chan<- prom.Metric) {
	gauge := func(desc *prom.Desc, value float64, labels ...string) {
		ch <- prom.MustNewConstMetric(desc, prom.GaugeValue, value, labels...)
	}
	for _, k := range s.kinds.all() {
		name, unread := k.unread()
		if k == kind(s.kinds.policies) {
			unread = !s.Policies().Known()
		}
		gauge(unreadDesc, number(unread), name)
		_, dropped := k.dropped()
		gauge(droppedDesc, float64(dropped), name)
	}
	for name, unread := range s.options.Caches.Unread() {
		gauge(unreadDesc, number(unread), name)
	}
	gauge(unreadDesc, number(isUnread(s.Snapshot().Adapter.State)), adapterConfiguration)
	gauge(changeDesc, seconds(s.changedAt.Load()))
	gauge(checkDesc, seconds(s.poller.checkedAt.Load()))
}

// unread reports whether something about the kind, which has this name, cannot be
// concluded.
func (o *objects[T]) unread() (name string, is bool) { return o.name, isUnread(o.set().State) }

func isUnread(s pipeline.State) bool { return s == pipeline.Unread || s == pipeline.Unreadable }

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// seconds since 1970; 0 for never.
func seconds(t *time.Time) float64 {
	if t == nil {
		return 0
	}
	return float64(t.UnixNano()) / 1e9
}
