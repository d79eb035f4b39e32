package pipeline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/finding"
)

// maxRepairs bounds how many flaws of one monitor are mended in its place.
const maxRepairs = 12

// first is the finding of the first error, with what mends the monitor.
func (j judgement) first() finding.Finding {
	for i, f := range j.flaws {
		if f.finding.Severity == finding.Error {
			return j.nth(i)
		}
	}
	return finding.Finding{}
}

// nth is the finding of one flaw, with what mends the monitor: all of it, for a
// monitor with two flaws is not mended by one repair.
func (j judgement) nth(i int) finding.Finding {
	f := j.flaws[i]
	if f.finding.Severity == finding.Unknown && f.repair == nil {
		return f.finding
	}
	if f.finding.Reason == PrometheusTakesNoMonitors && j.prometheus.Spec.ServiceMonitorSelector == nil {
		return f.finding.WithFix(setSelector(j.prometheus, j.monitor.Labels))
	}
	mended, err := j.mended()
	if err != nil {
		return f.finding.Suggest("%s", sentence(err))
	}
	return f.finding.WithFix(applyMonitor(mended))
}

// setSelector has a Prometheus that selects no ServiceMonitors select those with these
// labels, or all if there are none.
func setSelector(p *monitoringv1.Prometheus, labels map[string]string) finding.Fix {
	selector := map[string]any{}
	if len(labels) > 0 {
		values := map[string]any{}
		for name, value := range labels {
			values[name] = value
		}
		selector["matchLabels"] = values
	}
	return finding.Fix{
		Notes: []string{"Only this field changes; where a chart or an operator manages the object, set it there."},
		Objects: []runtime.Object{&unstructured.Unstructured{Object: map[string]any{
			"apiVersion": monitoringv1.SchemeGroupVersion.String(), "kind": monitoringv1.PrometheusesKind,
			"metadata": map[string]any{"namespace": p.Namespace, "name": p.Name},
			"spec":     map[string]any{"serviceMonitorSelector": selector},
		}}},
	}
}

// mended is the monitor with its flaws repaired in place, or, if that cannot be,
// another one beside it. Either has been judged to work.
func (j judgement) mended() (*monitoringv1.ServiceMonitor, error) {
	q := j.scrape
	for range maxRepairs {
		i := slices.IndexFunc(j.flaws, func(f flaw) bool { return f.repair != nil })
		if i < 0 {
			break
		}
		monitor := j.monitor.DeepCopy()
		j.flaws[i].repair(monitor)
		q.monitor = monitor
		j = q.judge()
	}
	if j.works() && q.monitor != nil && j.count(finding.Warning) == 0 {
		return q.monitor, nil
	}
	return q.fresh()
}

// mendedScrape is what would be stored if the fix were applied.
func (j judgement) mendedScrape() Scraped {
	mended, err := j.mended()
	if err != nil {
		return usual(j.snapshot, j.subject, j.service, true)
	}
	q := j.scrape
	q.monitor = mended
	return q.judge().scraped
}

// selectable adds the labels that the Prometheus asks for; nil if it is not them
// that are missing.
func (q scrape) selectable(reason *finding.Reason) repair {
	if reason != ServiceMonitorNotSelected {
		return nil
	}
	if taken, _ := q.snapshot.takesNamespace(q.prometheus, q.monitor.Namespace); !taken {
		return nil
	}
	labels, ok := monitorLabels(q.prometheus.Spec.ServiceMonitorSelector, q.monitor.Labels)
	if !ok {
		return nil
	}
	return func(m *monitoringv1.ServiceMonitor) { m.Labels = labels }
}

// fresh is a new monitor for the Service, which the Prometheus takes and under
// which everything is as it should be. The error says what to do otherwise.
func (q scrape) fresh() (*monitoringv1.ServiceMonitor, error) {
	port, ok := q.service.metricsPort()
	if !ok || port.Name == "" {
		return nil, fmt.Errorf("give the port of the metrics of %s a name that tells, such as http", q.service.Object())
	}
	spec := generator.Monitor{
		Port:             port.Name,
		ServiceNamespace: q.service.Namespace,
		ServiceLabels:    q.service.stableLabels(),
		Interval:         q.freshInterval(),
	}
	how := q.service.serves(port)
	if how.scheme == "https" {
		spec.Scheme, spec.BearerToken, spec.InsecureTLS = how.scheme, how.token, true
	}
	spec.Namespace, ok = q.snapshot.monitorNamespace(q.prometheus, q.service.Namespace)
	if !ok {
		return nil, fmt.Errorf("let %s take ServiceMonitors of namespace %s (spec.serviceMonitorNamespaceSelector)",
			scrapeObject(q.prometheus), q.service.Namespace)
	}
	if q.prometheus != nil {
		if q.prometheus.Spec.ServiceMonitorSelector == nil {
			return nil, fmt.Errorf("set spec.serviceMonitorSelector of %s, to {} for all ServiceMonitors", scrapeObject(q.prometheus))
		}
		if spec.Labels, ok = monitorLabels(q.prometheus.Spec.ServiceMonitorSelector, nil); !ok {
			return nil, fmt.Errorf("correct spec.serviceMonitorSelector of %s, which no ServiceMonitor can satisfy", scrapeObject(q.prometheus))
		}
	}
	spec.Name = q.freshName(spec.Namespace)
	q.monitor = generator.ServiceMonitor(spec)
	if j := q.judge(); !j.works() {
		for _, f := range j.flaws {
			if f.finding.Severity == finding.Error {
				return nil, fmt.Errorf("let Prometheus scrape Kong Operator: a new ServiceMonitor, too, %s",
					strings.TrimPrefix(f.finding.Message, scrapeObject(q.monitor).String()+" "))
			}
		}
	}
	return q.monitor, nil
}

// freshInterval is set only where the Prometheus' own is not known, or too long
// for the window of the rule.
func (q scrape) freshInterval() string {
	j := judgement{scrape: q, scraped: Scraped{Series: q.ordinary()}}
	limit := max(j.window()/2, time.Second)
	if every, known := q.period(""); known && every <= limit {
		return ""
	}
	return model.Duration(limit).String()
}

// freshName is the Service's name, unless a monitor is called so.
func (q scrape) freshName(namespace string) string {
	name := q.service.Name
	for slices.ContainsFunc(q.snapshot.ServiceMonitors.Items, func(m *monitoringv1.ServiceMonitor) bool {
		return m.Namespace == namespace && m.Name == name
	}) {
		name += "-latency"
	}
	return name
}

// stableLabels are the labels to select the Service by: those that say what it is,
// or, if it has none of them, all that no upgrade changes.
func (s OperatorService) stableLabels() map[string]string {
	out := map[string]string{}
	for _, name := range []string{"control-plane", "app.kubernetes.io/component", "app.kubernetes.io/name", "app.kubernetes.io/instance"} {
		if value := s.Labels[name]; value != "" {
			out[name] = value
		}
	}
	if len(out) == 0 {
		maps.Copy(out, s.Labels)
		delete(out, "helm.sh/chart")
		delete(out, "app.kubernetes.io/version")
		delete(out, "app.kubernetes.io/managed-by")
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// applyMonitor applies a corrected monitor. What a tool manages is corrected there, too.
func applyMonitor(m *monitoringv1.ServiceMonitor) finding.Fix {
	m.APIVersion, m.Kind = monitoringv1.SchemeGroupVersion.String(), monitoringv1.ServiceMonitorsKind
	fix := finding.Apply(m)
	if m.Labels["app.kubernetes.io/managed-by"] == "Helm" {
		release := cmp.Or(m.Annotations["meta.helm.sh/release-name"], m.Labels["app.kubernetes.io/instance"])
		fix.Notes = []string{fmt.Sprintf("Helm release %s made this object: change its values too, or the next upgrade undoes this.", release)}
	}
	return fix
}

// sentence makes a sentence of an error that says what to do.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
