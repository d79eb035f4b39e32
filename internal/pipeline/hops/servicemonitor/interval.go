package servicemonitor

import (
	"slices"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/rulecheck"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// usualWindow is the time over which the rule of Kong's guide computes rates.
const usualWindow = time.Minute

// judgeInterval compares the time between two scrapes with the window of the rule.
// Measured with the guide's window of 60 s: up to 30 s every value is right, at 45 s
// a plain range is absent most of the time, and beyond 50 s a subquery, too, makes
// zeros of traffic. Other windows are assumed to behave in proportion.
func (j *judgement) judgeInterval(endpoint int, interval string) {
	every, known := j.Period(interval)
	if !known {
		return
	}
	window := window(j.c, j.scrape.Stored)
	if every <= window/2 {
		return
	}
	repair := func(m *monitoringv1.ServiceMonitor) {
		ep := &m.Spec.Endpoints[endpoint]
		ep.Interval = monitoringv1.Duration(model.Duration(window / 2).String())
		q := j.Job
		q.Monitor = m
		if q.TimeoutRejection(ep) != nil {
			ep.ScrapeTimeout = ""
		}
	}
	reason := IntervalLong
	if every > window*5/6 {
		reason = IntervalTooLong
	}
	j.add(reason, inEndpoint(endpoint, "interval"), repair, "scrapes every %s, and a window of %s needs a scrape every %s or more often",
		model.Duration(every), model.Duration(window), model.Duration(window/2))
}

// window is the shortest over which the adapter's rule computes rates, if it serves
// the metric from these series. A subquery counts only where there is
// no plain range that it could be evaluating.
func window(c *pipeline.Case, stored sim.Stored) time.Duration {
	verdict, ok := c.Explain(stored)
	if !ok || verdict.Answer != rulecheck.Yes {
		return usualWindow
	}
	var plain, sub []time.Duration
	for _, w := range verdict.Windows {
		if w.Subquery {
			sub = append(sub, w.Range)
		} else {
			plain = append(plain, w.Range)
		}
	}
	switch {
	case len(plain) > 0:
		return slices.Min(plain)
	case len(sub) > 0:
		return slices.Min(sub)
	}
	return usualWindow
}
