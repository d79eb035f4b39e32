package pipeline

import (
	"fmt"
	"slices"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// scrape is one question: does this monitor make this Prometheus scrape the
// subject's latency through this Service? A nil Prometheus is one of which nothing
// is known.
type scrape struct {
	snapshot   *Snapshot
	subject    Subject
	service    OperatorService
	prometheus *monitoringv1.Prometheus
	monitor    *monitoringv1.ServiceMonitor
}

// repair changes a monitor so that one flaw is gone. It must not touch anything
// that is shared with the original.
type repair func(*monitoringv1.ServiceMonitor)

// flaw is one thing wrong, and what mends it in place; nil if nothing does.
type flaw struct {
	finding finding.Finding
	repair  repair
}

// judgement is the answer: everything that is wrong, in the order in which the
// metric meets it, and what is stored.
type judgement struct {
	scrape
	flaws   []flaw
	scraped Scraped
}

// add notes a flaw; the sentence begins with the monitor's name.
func (j *judgement) add(reason *finding.Reason, mend repair, format string, args ...any) {
	monitor := scrapeObject(j.monitor)
	object := monitor
	if reason == PrometheusTakesNoMonitors {
		object = scrapeObject(j.prometheus)
	}
	// Judgements of several endpoints share what comes before.
	j.flaws = append(slices.Clip(j.flaws), flaw{
		finding: reason.On(object, "%s %s", monitor, fmt.Sprintf(format, args...)),
		repair:  mend,
	})
}

// works tells whether the monitor does its work, as far as is known.
func (j judgement) works() bool { return j.count(finding.Error) == 0 }

func (j judgement) count(severity finding.Severity) int {
	n := 0
	for _, f := range j.flaws {
		if f.finding.Severity == severity {
			n++
		}
	}
	return n
}

// better tells whether a is nearer to working than b.
func (j judgement) better(b judgement) bool {
	for _, severity := range []finding.Severity{finding.Error, finding.Unknown, finding.Warning} {
		if a, b := j.count(severity), b.count(severity); a != b {
			return a < b
		}
	}
	return false
}

// judge follows the question to its end; of the monitor's endpoints the best counts.
func (q scrape) judge() judgement {
	j := judgement{scrape: q}
	if s := q.snapshot.selects(q.prometheus, q.monitor); !s.taken {
		j.add(s.reason, q.selectable(s.reason), "%s", s.message)
	}
	j.judgeValidity()
	j.judgeAim()
	if len(q.monitor.Spec.Endpoints) == 0 {
		j.add(ServiceMonitorPortMismatch, nil, "has no endpoints")
		return j
	}
	best := j.judgeEndpoint(0)
	for i := 1; i < len(q.monitor.Spec.Endpoints); i++ {
		if other := j.judgeEndpoint(i); other.better(best) {
			best = other
		}
	}
	return best
}

// judgeAim finds why the monitor does not select the Service.
func (j *judgement) judgeAim() {
	if !j.searches(j.service.Namespace) {
		var mend repair
		if j.prometheus == nil || !j.prometheus.Spec.IgnoreNamespaceSelectors {
			mend = func(m *monitoringv1.ServiceMonitor) {
				m.Spec.NamespaceSelector.MatchNames = []string{j.service.Namespace}
			}
		}
		j.add(ServiceMonitorNamespaceMismatch, mend, "looks for Services %s, and the operator's is in %s",
			j.searchText(), j.service.Namespace)
	}
	if unmet, _ := j.unmet(); len(unmet) > 0 {
		j.add(ServiceMonitorSelectorMismatch, nil, "asks for Services with %s, and %s has the labels %s",
			joinWords(unmet), j.service.Object(), scrapeLabelText(j.service.Labels))
	}
}

// judgeEndpoint finds what is wrong with one endpoint. The port that counts is the
// one of the metrics, whichever port the endpoint names: one flaw is not to hide
// the others.
func (j judgement) judgeEndpoint(i int) judgement {
	ep := j.monitor.Spec.Endpoints[i]
	port, ok := j.service.metricsPort()
	switch {
	case len(j.service.Ports) == 0: // nothing to compare with
	case !ok:
		port = j.judgeAnyPort(i)
	default:
		j.judgePort(i, port)
	}
	sim, err := j.simulate(i, port.Name)
	if err != nil { // it has been rejected for that
		j.judgeScheme(i, ep.Scheme.String(), port)
		return j
	}
	j.scraped = Scraped{Series: sim.series, Known: sim.unknown == ""}
	if sim.dropped == "" {
		j.judgeScheme(i, sim.scheme, port)
		if sim.path != "/metrics" {
			j.add(ServiceMonitorPathMismatch, func(m *monitoringv1.ServiceMonitor) { m.Spec.Endpoints[i].Path = "/metrics" },
				"scrapes the path %s, and the operator serves its metrics at /metrics", sim.path)
		}
	}
	j.judgeSecrets(i)
	j.judgeLabels(i, sim, port.Name)
	j.judgeLimits(sim)
	j.judgeInterval(i, sim.interval)
	return j
}

func (j *judgement) judgePort(i int, port ServicePort) {
	ep := j.monitor.Spec.Endpoints[i]
	named := func(m *monitoringv1.ServiceMonitor) {
		m.Spec.Endpoints[i].Port, m.Spec.Endpoints[i].TargetPort = port.Name, nil
	}
	if port.Name == "" {
		named = nil // a single port may be without a name
	}
	switch takes(ep, port) {
	case matchNo:
		j.add(ServiceMonitorPortMismatch, named, "scrapes %s, and the ports of %s are called %s; the metrics are at %q",
			portText(ep), j.service.Object(), j.service.portsText(), port.Name)
	case matchUnknown:
		j.add(ServiceMonitorPortUnknown, named, "scrapes %s, and whether that is the port %s of the container behind %s is not known",
			portText(ep), port.TargetPort, j.service.Object())
	}
}

// judgeAnyPort is for Services whose port of the metrics is not known.
func (j *judgement) judgeAnyPort(i int) ServicePort {
	ep := j.monitor.Spec.Endpoints[i]
	for _, p := range j.service.Ports {
		if takes(ep, p) != matchNo {
			return p
		}
	}
	j.add(ServiceMonitorPortMismatch, nil, "scrapes %s, and the ports of %s are called %s",
		portText(ep), j.service.Object(), j.service.portsText())
	return ServicePort{Name: ep.Port}
}
