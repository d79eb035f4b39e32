package servicemonitor

import (
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/bound"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/prometheus"
	"github.com/kong-latency/kong-latency/internal/pipeline/scrape"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// matches reports whether the monitor would select the Service.
func (q question) matches() bool {
	if !q.Searches(q.Service.Namespace) {
		return false
	}
	unmet, _ := q.Unmet()
	return len(unmet) == 0
}

// meant reports whether a monitor is likely to be meant for Kong Operator, so that
// what is wrong with it is worth reporting. Every other program that was made with
// kubebuilder has Services with the label control-plane, too, so that label alone
// says little.
func (q question) meant() bool {
	m := q.Monitor
	for _, text := range append([]string{m.Name, m.Labels["app.kubernetes.io/name"]}, q.selectorValues()...) {
		if strings.Contains(text, "kong-operator") || strings.Contains(text, "gateway-operator") {
			return true
		}
	}
	unmet, met := q.Unmet()
	if met == 0 && len(unmet) > 0 {
		return false
	}
	explicit := slices.Contains(m.Spec.NamespaceSelector.MatchNames, q.Service.Namespace)
	beside := q.Prometheus != nil && m.Namespace == q.Prometheus.Namespace && len(unmet) == 0 && met > 0
	return m.Namespace == q.Service.Namespace || explicit || beside
}

func (q question) selectorValues() []string {
	var out []string
	for _, v := range q.Monitor.Spec.Selector.MatchLabels {
		out = append(out, v)
	}
	for _, e := range q.Monitor.Spec.Selector.MatchExpressions {
		out = append(out, e.Values...)
	}
	return out
}

// selectedBy is the first Prometheus of others that selects the monitor.
func (q question) selectedBy(others []*monitoringv1.Prometheus) *monitoringv1.Prometheus {
	for _, p := range others {
		if prometheus.Select(q.c.Snapshot, p, q.Monitor).Selected {
			return p
		}
	}
	return nil
}

// question is one question: does this monitor make this Prometheus scrape the subject's
// latency through this Service?
type question struct {
	scrape.Job
	c *pipeline.Case
}

type (
	histogramKey struct{}
	regexpsKey   struct{}
	anyKey       struct{ source string }
)

// newQuestion is the question about a Service, without a Prometheus and a monitor.
func newQuestion(c *pipeline.Case, service pipeline.OperatorService) question {
	h := pipeline.Memo(c, histogramKey{}, func() *pipeline.Histogram {
		h := c.Source.Histogram(c.Subject)
		return &h
	})
	anyService := pipeline.Shared(c, anyKey{c.Source.Name()}, func(*pipeline.Snapshot) *pipeline.Histogram {
		h := c.Source.Histogram(pipeline.Subject{Namespace: sim.AnyNamespace, Service: sim.AnyService})
		return &h
	})
	regexps := pipeline.Shared(c, regexpsKey{}, func(*pipeline.Snapshot) *bound.Regexps { return bound.NewRegexps() })
	return question{Job: scrape.Job{Service: service, Histogram: h, Any: anyService, Regexps: regexps}, c: c}
}

type recordsKey struct{ by *monitoringv1.Prometheus }

// recordsOf are the recording rules over the histogram that a Prometheus evaluates; none
// if that is not known.
func (q question) recordsOf(p *monitoringv1.Prometheus) []sim.Record {
	if p == nil {
		return nil
	}
	return pipeline.Shared(q.c, recordsKey{p}, func(s *pipeline.Snapshot) []sim.Record {
		selector, err := metav1.LabelSelectorAsSelector(p.Spec.RuleSelector) // of nil it selects nothing
		if err != nil {
			return nil
		}
		var all []sim.Record
		for _, r := range s.RecordingRules.Items {
			selected, known := prometheus.InNamespaces(s, p, p.Spec.RuleNamespaceSelector, r.Namespace)
			if selected && known && selector.Matches(labels.Set(r.Labels)) {
				all = append(all, r.Records...)
			}
		}
		return sim.Over(q.Histogram.Name, all)
	})
}

type ordinaryKey struct{ namespace, service string }

// ordinary is what a monitor without any peculiarity stores.
func (q question) ordinary() sim.Stored {
	return pipeline.Memo(q.c, ordinaryKey{q.Service.Namespace, q.Service.Name}, func() sim.Stored {
		port, _ := scrape.MetricsPort(q.Service)
		plain := q.Job
		plain.Prometheus = nil
		plain.Monitor = &monitoringv1.ServiceMonitor{Spec: monitoringv1.ServiceMonitorSpec{Endpoints: []monitoringv1.Endpoint{{Port: port.Name}}}}
		outcome, _ := plain.Simulate(0, port.Name) // without relabelings nothing fails
		return outcome.Stored
	})
}
