package scraping

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/bound"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/prometheus"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/internal/pipeline/scrape"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
	"github.com/kong-latency/kong-latency/internal/pipeline/source/operator"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// maxUnknown is how many percent of the questions of one kind may be answered with unknown.
const maxUnknown = 6

// comparison counts questions, and keeps where the answers differ.
type comparison struct {
	histogram, any *pipeline.Histogram
	regexps        *bound.Regexps
	snapshot       *pipeline.Snapshot
	// refused are the monitors, as their jobs are called, for which Prometheus is said to
	// refuse its configuration.
	refused  map[string]bool
	answers  map[string]*count
	mistakes map[string][]string
}

// count is of answers to one kind of question.
type count struct{ yes, no, unknown int }

// answered compares one answer.
func (c *comparison) answered(question string, real, known, concluded bool, format string, args ...any) {
	n := c.answers[question]
	if n == nil {
		n = &count{}
		c.answers[question] = n
	}
	switch {
	case !known:
		n.unknown++
		return
	case real:
		n.yes++
	default:
		n.no++
	}
	if real != concluded {
		c.mistake(question, "it is %t, but concluded is %t: %s", real, concluded, fmt.Sprintf(format, args...))
	}
}

func (c *comparison) mistake(question, format string, args ...any) {
	c.mistakes[question] = append(c.mistakes[question], fmt.Sprintf(format, args...))
}

// text is a monitor and its Prometheus.
func text(p *monitoringv1.Prometheus, m client.Object, spec any) string {
	out, err := yaml.Marshal(spec)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("Prometheus %s and %s/%s with labels %v and spec\n%s", p.Name, m.GetNamespace(), m.GetName(), m.GetLabels(), out)
}

// monitor compares what is concluded about a ServiceMonitor.
func (c *comparison) monitor(p *monitoringv1.Prometheus, m *monitoringv1.ServiceMonitor, r *real) {
	config := r.configs[p.Name]
	q := scrape.Job{Prometheus: p, Monitor: m, Histogram: c.histogram, Any: c.any, Regexps: c.regexps}
	if !prometheus.Select(c.snapshot, p, m).Selected {
		c.answered("is selected", config.has("serviceMonitor", m.Namespace, m.Name), true, false, "%s", text(p, m, m.Spec))
		return
	}
	if len(m.Spec.Endpoints) == 0 {
		return // there is nothing to be seen of it
	}
	has := config.has("serviceMonitor", m.Namespace, m.Name)
	if has { // otherwise it may be refused
		c.answered("is selected", true, true, true, "")
	}
	if _, large := q.Cost(); large != nil {
		c.answered("has a job", has, false, false, "")
		return
	}
	rejection := q.Rejection()
	known := rejection != nil || !slices.ContainsFunc(m.Spec.Endpoints, func(ep monitoringv1.Endpoint) bool { return len(q.Secrets(ep)) > 0 })
	c.answered("has a job", has, known, rejection == nil, "%v: %s", rejection, text(p, m, m.Spec))
	if !has || rejection != nil {
		return
	}
	refusal := q.Refusal()
	for i := range m.Spec.Endpoints {
		name := fmt.Sprintf("serviceMonitor/%s/%s/%d", m.Namespace, m.Name, i)
		if refusal != nil {
			c.refused[path.Dir(name)] = true
			continue
		}
		if err := config.refused[name]; err != nil {
			c.mistake("is accepted by Prometheus", "it refuses endpoint %d: %v: %s", i, err, text(p, m, m.Spec))
			continue
		}
		for _, s := range services() {
			c.endpoint(q, i, config.jobs[name], s, r.targets)
		}
	}
}

// converted is a Service as it is read.
func converted(s *corev1.Service) pipeline.OperatorService {
	out := pipeline.OperatorService{Namespace: s.Namespace, Name: s.Name, Labels: s.Labels, Selector: s.Spec.Selector}
	for _, p := range s.Spec.Ports {
		out.Ports = append(out.Ports, pipeline.ServicePort{Name: p.Name, Port: p.Port, TargetPort: p.TargetPort.String()})
	}
	return out
}

// endpoint compares which ports of a Service an endpoint scrapes, and what is stored.
func (c *comparison) endpoint(q scrape.Job, i int, j *job, s *corev1.Service, all discovered) {
	q.Service = converted(s)
	candidates := j.candidates(all, func(target map[string]string) (string, labels.Set, bool) {
		return target["__meta_kubernetes_namespace"], s.Labels, target[serviceMeta] == s.Name && target["__meta_kubernetes_namespace"] == s.Namespace
	})
	for _, port := range q.Service.Ports {
		var kept *scraped
		for _, target := range candidates {
			prefix := "__meta_kubernetes_" + j.Discovers[0].Role
			if role := "__meta_kubernetes_endpoint"; j.Discovers[0].Role == "endpoints" {
				prefix = role
			}
			// Ports of the container that are not the Service's are targets, too.
			if _, of := target[prefix+"_port_protocol"]; of && target[prefix+"_port_name"] == port.Name && kept == nil {
				kept = j.target(target)
			}
		}
		unmet, _ := q.Unmet()
		match := q.SelectsPort(q.Monitor.Spec.Endpoints[i], port)
		aimed := q.Searches(s.Namespace) && len(unmet) == 0 && match != scrape.MatchNo
		outcome, err := q.Simulate(i, port.Name)
		if err != nil {
			c.mistake("can be simulated", "endpoint %d cannot: %v: %s", i, err, text(q.Prometheus, q.Monitor, q.Monitor.Spec))
			return
		}
		known := !aimed || match != scrape.MatchUnknown && outcome.Unknown == ""
		c.answered("is a target", kept != nil, known, aimed && outcome.Dropped == "", "endpoint %d, port %q of Service %s, dropped by %q: %s",
			i, port.Name, s.Name, outcome.Dropped, text(q.Prometheus, q.Monitor, q.Monitor.Spec))
		if kept != nil && aimed && known && outcome.Dropped == "" {
			c.stored(q, i, j, kept, outcome)
		}
	}
}

// stored compares the series under one target.
func (c *comparison) stored(q scrape.Job, i int, j *job, kept *scraped, outcome scrape.Outcome) {
	where := fmt.Sprintf("endpoint %d of Service %s: %s", i, q.Service.Name, text(q.Prometheus, q.Monitor, q.Monitor.Spec))
	want, got := [3]string{kept.scheme, kept.path, kept.interval}, [3]string{outcome.Scheme, outcome.Path, outcome.Interval}
	c.answered("scheme, path and interval are right", true, true, want == got, "%v, not %v, in %s", got, want, where)
	var wanted, have []string
	open := func(name string) bool {
		// Labels that are made of names that only Prometheus knows do not count, unless by
		// them series are found.
		return outcome.Shape.Guessed[name] || mapsPods(q.Monitor.Spec.Endpoints[i].RelabelConfigs) && !sim.Decisive(c.histogram, name)
	}
	for _, labels := range j.store(kept, c.histogram) {
		wanted = append(wanted, series(labels, open))
	}
	for _, s := range outcome.Series {
		labels := maps.Clone(s.Labels)
		labels[model.MetricNameLabel] = s.Name
		have = append(have, series(labels, open))
	}
	slices.Sort(wanted)
	slices.Sort(have)
	c.answered("the series are right", true, true, slices.Equal(wanted, have), "\n%s\nnot\n%s\nin %s", strings.Join(have, "\n"), strings.Join(wanted, "\n"), where)
}

// mapsPods reports whether relabelings make labels of those of pods.
func mapsPods(list []monitoringv1.RelabelConfig) bool {
	return slices.ContainsFunc(list, func(c monitoringv1.RelabelConfig) bool {
		return strings.EqualFold(c.Action, "labelmap") && regexp.MustCompile("^(?:"+cmp.Or(c.Regex, ".*")+")$").MatchString("__meta_kubernetes_pod_label_x")
	})
}

// series is one as text, without what is not known.
func series(labels map[string]string, open func(name string) bool) string {
	var out []string
	for name, value := range labels {
		if !open(name) && value != "" {
			out = append(out, fmt.Sprintf("%s=%q", name, value))
		}
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

// podMonitor compares whether a PodMonitor may scrape the pods of a Service: if it does, that
// must not be denied. It is never asserted.
func (c *comparison) podMonitor(p *monitoringv1.Prometheus, m *monitoringv1.PodMonitor, r *real) {
	service := services()[0]
	pod := podOf(service)
	scrapes := false
	for i := range m.Spec.PodMetricsEndpoints {
		j := r.configs[p.Name].jobs[fmt.Sprintf("podMonitor/%s/%s/%d", m.Namespace, m.Name, i)]
		if j == nil || r.configs[p.Name].refused[j.Name] != nil {
			continue
		}
		for _, target := range j.candidates(r.targets, func(target map[string]string) (string, labels.Set, bool) {
			return target["__meta_kubernetes_namespace"], pod.Labels, target[podMeta] == pod.Name
		}) {
			scrapes = scrapes || j.target(target) != nil
		}
	}
	s := pipelinetest.Good()
	s.Namespaces, s.OperatorServices.Items = c.snapshot.Namespaces, []pipeline.OperatorService{converted(service)}
	s.Prometheuses.Items, s.ServiceMonitors.Items, s.Adapter = []*monitoringv1.Prometheus{p}, nil, pipeline.Adapter{}
	s.PodMonitors = pipeline.Set[pipeline.PodMonitor]{State: pipeline.Known, Items: []pipeline.PodMonitor{{
		Namespace: m.Namespace, Name: m.Name, Labels: m.Labels, Namespaces: m.Spec.NamespaceSelector, Selector: m.Spec.Selector,
	}}}
	report := pipeline.Diagnose(operator.Source{}, s, pipeline.Subject{Namespace: "shop", Service: "echo", Metric: "m"})
	denied := !slices.Contains(pipelinetest.Found(report.Findings()), servicemonitor.ScrapedOtherwise.Name)
	c.answered("a PodMonitor scrapes", scrapes, denied || scrapes, !denied, "%s", text(p, m, m.Spec))
}

// report fails for every mistake, and if too little was compared.
func (c *comparison) report(t *testing.T) {
	t.Helper()
	for _, question := range []string{"is selected", "has a job", "is a target", "scheme, path and interval are right", "the series are right", "a PodMonitor scrapes"} {
		n := c.answers[question]
		if n == nil {
			t.Errorf("%s: nothing was compared", question)
			continue
		}
		t.Logf("%s: yes %d, no %d, unknown %d", question, n.yes, n.no, n.unknown)
		if all := n.yes + n.no + n.unknown; n.unknown*100 > all*maxUnknown && question != "a PodMonitor scrapes" {
			t.Errorf("%s: %d of %d answers are unknown", question, n.unknown, all)
		}
	}
	for question, mistakes := range c.mistakes {
		t.Errorf("%s: %d mistakes, among them:\n%s", question, len(mistakes), strings.Join(mistakes[:min(len(mistakes), 3)], "\n"))
	}
}
