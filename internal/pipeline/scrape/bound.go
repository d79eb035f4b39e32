package scrape

import (
	"errors"
	"fmt"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/bound"
)

// What of one monitor is evaluated. Those that are meant for Kong Operator have one
// endpoint and a few relabelings.
const (
	maxEndpoints   = 50
	maxRelabelings = 200
	maxValues      = 500
)

// Cost is the size of all regular expressions that evaluating the monitor compiles, in
// instructions. The mistake is the first part that is too large to be evaluated; nil if
// there is none.
func (q Job) Cost() (size int, large *Mistake) {
	if m := q.selectorTooLarge(); m != nil {
		return 0, m
	}
	sum := summed{job: q}
	if m := sum.endpoints(); m != nil {
		return 0, m
	}
	class := q.scrapeClass()
	for _, list := range [][]monitoringv1.RelabelConfig{class.Relabelings, class.MetricRelabelings} {
		if m := sum.relabelings(list); m != nil {
			return 0, mistakeAt(fmt.Errorf("scrape class %s of %s: %w", class.Name, pipeline.PrometheusObject(q.Prometheus), m.err), "spec", "scrapeClass")
		}
	}
	return sum.size, nil
}

// selectorTooLarge is why the selector is not evaluated; nil if it is. Nothing is compiled
// for it, as every monitor of a cluster is looked at in this way.
func (q Job) selectorTooLarge() *Mistake {
	by := &q.Monitor.Spec.Selector
	values, size := 0, 0
	add := func(value string) error {
		if values++; values > maxValues {
			return bound.NewTooLarge("it has more than %d values", maxValues)
		}
		if plainText(value) {
			return nil
		}
		n, err := bound.Size(value)
		if isTooLarge(err) {
			return err
		}
		if size += n; size > bound.MaxProgram {
			return bound.NewTooLarge("its regular expressions have more than %d instructions together", bound.MaxProgram)
		}
		return nil
	}
	for _, value := range by.MatchLabels {
		if err := add(value); err != nil {
			return mistakeAt(err, "spec", "selector", "matchLabels")
		}
	}
	for _, e := range by.MatchExpressions {
		for _, value := range e.Values {
			if err := add(value); err != nil {
				return mistakeAt(err, "spec", "selector", "matchExpressions")
			}
		}
	}
	return nil
}

// summed adds up the regular expressions of one monitor.
type summed struct {
	job  Job
	size int
	// count is the number of relabelings.
	count int
}

func (s *summed) endpoints() *Mistake {
	list := s.job.Monitor.Spec.Endpoints
	if len(list) > maxEndpoints {
		return mistakeAt(bound.NewTooLarge("it has %d endpoints; at most %d are evaluated", len(list), maxEndpoints), "spec", "endpoints")
	}
	for i := range list {
		ep := &list[i]
		at := []any{"spec", "endpoints", i}
		if err := s.add(ep.Port); err != nil {
			return mistakeAt(err, "port").in(at...)
		}
		if ep.TargetPort != nil {
			if err := s.add(ep.TargetPort.StrVal); err != nil {
				return mistakeAt(err, "targetPort").in(at...)
			}
		}
		if m := s.relabelings(ep.RelabelConfigs).in("relabelings"); m != nil {
			return m.in(at...)
		}
		if m := s.relabelings(ep.MetricRelabelConfigs).in("metricRelabelings"); m != nil {
			return m.in(at...)
		}
	}
	return nil
}

// relabelings returns a mistake whose field begins with an index.
func (s *summed) relabelings(list []monitoringv1.RelabelConfig) *Mistake {
	for i := range list {
		if s.count++; s.count > maxRelabelings {
			return mistakeAt(bound.NewTooLarge("it is the %d. relabeling of the object; at most %d are evaluated", s.count, maxRelabelings), i)
		}
		if err := s.add(list[i].Regex); err != nil {
			return mistakeAt(err, i, "regex")
		}
	}
	return nil
}

// add adds one regular expression. One that cannot be compiled is another mistake.
func (s *summed) add(expr string) error {
	if expr == "" {
		return nil
	}
	_, size, err := s.job.Regexps.Compile(expr)
	if isTooLarge(err) {
		return err
	}
	if s.size += size; s.size > bound.MaxProgram {
		return bound.NewTooLarge("the regular expressions of the object have more than %d instructions together", bound.MaxProgram)
	}
	return nil
}

func isTooLarge(err error) bool {
	var large *bound.TooLarge
	return errors.As(err, &large)
}
