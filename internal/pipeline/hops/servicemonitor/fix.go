package servicemonitor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/prometheus"
)

// maxRepairs bounds how many flaws of one monitor are repaired in place.
const maxRepairs = 12

// first is the finding of the first error, with what fixes the monitor.
func (j judgement) first() finding.Finding {
	for i, f := range j.flaws {
		if f.finding.Severity == finding.Error {
			return j.nth(i)
		}
	}
	return finding.Finding{}
}

// nth is the finding of one flaw, with what fixes the monitor: all of it, for a
// monitor with two flaws is not fixed by one repair.
func (j judgement) nth(i int) finding.Finding {
	f := j.flaws[i]
	if f.finding.Severity == finding.Unknown && f.repair == nil {
		return f.finding
	}
	if f.finding.Reason == prometheus.SelectsNoServiceMonitors && j.Prometheus.Spec.ServiceMonitorSelector == nil {
		return f.finding.WithFix(setSelector(j.Prometheus, j.Monitor.Labels))
	}
	fixed, err := j.fixed()
	if err != nil {
		return f.finding.Suggest("%s", sentence(err))
	}
	return f.finding.WithFix(applyMonitor(fixed.Monitor))
}

// setSelector has a Prometheus that selects no ServiceMonitors select those with these
// labels, or all if there are none.
func setSelector(p *monitoringv1.Prometheus, labels map[string]string) finding.Fix {
	object := map[string]any{
		"apiVersion": monitoringv1.SchemeGroupVersion.String(), "kind": monitoringv1.PrometheusesKind,
		"metadata": map[string]any{"namespace": p.Namespace, "name": p.Name},
		"spec":     map[string]any{"serviceMonitorSelector": map[string]any{}},
	}
	if len(labels) > 0 {
		_ = unstructured.SetNestedStringMap(object, labels, "spec", "serviceMonitorSelector", "matchLabels") // what is above is a map
	}
	fix := finding.Apply(&unstructured.Unstructured{Object: object})
	fix.Notes = []string{"Only this field changes; where a chart or an operator manages the object, set it there."}
	return fix
}

// fixed is the monitor with its flaws repaired in place, or, if that cannot be,
// another one beside it. Either has been judged to work.
func (j judgement) fixed() (judgement, error) {
	q := j.question
	for range maxRepairs {
		i := slices.IndexFunc(j.flaws, func(f flaw) bool { return f.repair != nil })
		if i < 0 {
			break
		}
		monitor := j.Monitor.DeepCopy()
		j.flaws[i].repair(monitor)
		q.Monitor = monitor
		j = q.judge()
	}
	if j.works() && j.count(finding.Warning) == 0 {
		return j, nil
	}
	return q.fresh()
}

// fixedScrape is what would be stored if the fix were applied.
func (j judgement) fixedScrape() pipeline.Scrape {
	fixed, err := j.fixed()
	if err != nil {
		return pipeline.Scrape{Stored: j.ordinary(), Known: true}
	}
	return fixed.scrape
}

// selectable adds the labels that the Prometheus requires; nil if it is not them
// that are missing.
func (q question) selectable() repair {
	if selected, _ := prometheus.SelectsNamespace(q.c.Snapshot, q.Prometheus, q.Monitor.Namespace); !selected {
		return nil
	}
	labels, ok := prometheus.LabelsFor(q.Prometheus.Spec.ServiceMonitorSelector, q.Monitor.Labels)
	if !ok {
		return nil
	}
	return func(m *monitoringv1.ServiceMonitor) { m.Labels = labels }
}

// applyMonitor applies a corrected monitor. What a tool manages has to be corrected there, too.
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
