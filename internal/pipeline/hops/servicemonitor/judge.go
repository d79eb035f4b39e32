package servicemonitor

import (
	"fmt"
	"slices"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/prometheus"
	"github.com/kong-latency/kong-latency/internal/pipeline/scrape"
	"github.com/kong-latency/kong-latency/internal/pipeline/text"
)

// repair changes a monitor so that one flaw is gone. It must not touch anything
// that is shared with the original.
type repair func(*monitoringv1.ServiceMonitor)

// flaw is one thing wrong, and what fixes it in place; nil if nothing does.
type flaw struct {
	finding finding.Finding
	// clause is what the finding's message says of the monitor.
	clause string
	repair repair
}

// judgement is the answer: everything that is wrong, in the order in which the
// metric meets it, and what is stored.
type judgement struct {
	question
	flaws []flaw
	// scrape has what is stored.
	scrape pipeline.Scrape
}

// inEndpoint is the path of a field of an endpoint.
func inEndpoint(i int, steps ...any) finding.Path {
	return finding.NewPath(append([]any{"spec", "endpoints", i}, steps...)...)
}

// add notes a flaw about a field; the sentence begins with the monitor's name.
func (j *judgement) add(reason *finding.Reason, field finding.Path, fix repair, format string, args ...any) {
	monitor := pipeline.ServiceMonitorObject(j.Monitor)
	object := monitor
	if reason == prometheus.SelectsNoServiceMonitors {
		object = pipeline.PrometheusObject(j.Prometheus)
	}
	clause := finding.Sprintf(format, args...)
	if format == "%s" {
		clause = fmt.Sprintf(format, args...) // it is composed already
	}
	f := reason.On(object, "%s %s", monitor, finding.Text(clause)).At(field)
	f.NamesObject = object == monitor
	// Judgements of several endpoints share what comes before.
	j.flaws = append(slices.Clip(j.flaws), flaw{finding: f, clause: clause, repair: fix})
}

// works reports whether the monitor does its work, as far as is known.
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

// better reports whether a is nearer to working than b.
func (j judgement) better(b judgement) bool {
	for _, severity := range []finding.Severity{finding.Error, finding.Unknown, finding.Warning} {
		if a, b := j.count(severity), b.count(severity); a != b {
			return a < b
		}
	}
	return false
}

// judge follows the question to its end; of the monitor's endpoints the best counts.
func (q question) judge() judgement {
	j := judgement{question: q}
	if s := prometheus.Select(q.c.Snapshot, q.Prometheus, q.Monitor); !s.Selected && s.Reason != nil {
		j.add(s.Reason, s.Field, nil, "%s", s.Message)
	} else if !s.Selected {
		j.add(NotSelected, s.Field, q.selectable(), "%s", s.Message)
	}
	if _, large := q.Cost(); large != nil {
		j.judgeAim()
		j.add(TooLarge, large.Field, nil, "is not evaluated: %s", large)
		j.scrape = pipeline.Scrape{Stored: q.ordinary()}
		return j
	}
	j.judgeValidity()
	j.judgeAim()
	if len(q.Monitor.Spec.Endpoints) == 0 {
		j.add(PortMismatch, finding.NewPath("spec", "endpoints"), nil, "has no endpoints")
		return j
	}
	best := j.judgeEndpoint(0)
	for i := 1; i < len(q.Monitor.Spec.Endpoints); i++ {
		if other := j.judgeEndpoint(i); other.better(best) {
			best = other
		}
	}
	return best
}

// judgeAim finds why the monitor does not select the Service.
func (j *judgement) judgeAim() {
	if !j.Searches(j.Service.Namespace) {
		var fix repair
		if !j.General().IgnoreNamespaceSelectors {
			fix = func(m *monitoringv1.ServiceMonitor) {
				m.Spec.NamespaceSelector.MatchNames = []string{j.Service.Namespace}
			}
		}
		j.add(NamespaceMismatch, finding.NewPath("spec", "namespaceSelector"), fix, "selects Services %s, and the operator's is in %s",
			j.SearchText(), j.Service.Namespace)
	}
	if unmet, _ := j.Unmet(); len(unmet) > 0 {
		j.add(SelectorMismatch, finding.NewPath("spec", "selector"), nil, "selects Services with %s, and %s has the labels %s",
			text.Join(unmet), j.Service.Object(), prometheus.LabelText(j.Service.Labels))
	}
}

// judgeEndpoint finds what is wrong with one endpoint. The port that counts is the
// one of the metrics, whichever port the endpoint names: one flaw is not to hide
// the others.
func (j judgement) judgeEndpoint(i int) judgement {
	ep := j.Monitor.Spec.Endpoints[i]
	port, ok := scrape.MetricsPort(j.Service)
	switch {
	case len(j.Service.Ports) == 0: // nothing to compare with
	case !ok:
		port = j.judgeAnyPort(i)
	default:
		j.judgePort(i, port)
	}
	sim, err := j.Simulate(i, port.Name)
	if err != nil { // it has been rejected for that
		j.judgeScheme(i, ep.Scheme.String(), port)
		return j
	}
	j.scrape = pipeline.Scrape{Stored: sim.Stored, Known: sim.Unknown == ""}
	if sim.Dropped == "" {
		j.judgeScheme(i, sim.Scheme, port)
		if sim.Path != scrape.MetricsPath {
			j.add(PathMismatch, inEndpoint(i, "path"), func(m *monitoringv1.ServiceMonitor) { m.Spec.Endpoints[i].Path = scrape.MetricsPath },
				"scrapes the path %s, and the operator serves its metrics at %s", sim.Path, scrape.MetricsPath)
		}
	}
	j.judgeSecrets(i)
	j.judgeLabels(i, sim, port.Name)
	j.judgeLimits(sim)
	j.judgeInterval(i, sim.Interval)
	return j
}

func (j *judgement) judgePort(i int, port pipeline.ServicePort) {
	ep := j.Monitor.Spec.Endpoints[i]
	named := func(m *monitoringv1.ServiceMonitor) {
		m.Spec.Endpoints[i].Port, m.Spec.Endpoints[i].TargetPort = port.Name, nil
	}
	if port.Name == "" {
		named = nil // a single port may be without a name
	}
	switch j.SelectsPort(ep, port) {
	case scrape.MatchNo:
		j.add(PortMismatch, portField(i, ep), named, "scrapes %s, and the ports of %s are called %s; the metrics are at %q",
			scrape.PortText(ep), j.Service.Object(), scrape.PortsText(j.Service), port.Name)
	case scrape.MatchUnknown:
		j.add(PortUnknown, portField(i, ep), named, "scrapes %s, and whether that is the port %s of the container behind %s is not known",
			scrape.PortText(ep), port.TargetPort, j.Service.Object())
	}
}

// judgeAnyPort is for Services whose port of the metrics is not known.
func (j *judgement) judgeAnyPort(i int) pipeline.ServicePort {
	ep := j.Monitor.Spec.Endpoints[i]
	for _, p := range j.Service.Ports {
		if j.SelectsPort(ep, p) != scrape.MatchNo {
			return p
		}
	}
	j.add(PortMismatch, portField(i, ep), nil, "scrapes %s, and the ports of %s are called %s",
		scrape.PortText(ep), j.Service.Object(), scrape.PortsText(j.Service))
	return pipeline.ServicePort{Name: ep.Port}
}

// portField is the field by which an endpoint names its port.
func portField(i int, ep monitoringv1.Endpoint) finding.Path {
	if ep.Port == "" && ep.TargetPort != nil {
		return inEndpoint(i, "targetPort")
	}
	return inEndpoint(i, "port")
}
