package doctor

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/cli/live"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/loadmetric"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/metricsapi"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/prometheus"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/series"
	"github.com/kong-latency/kong-latency/internal/pipeline/source"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/status"
)

// Facts are all that a report is made of.
type Facts struct {
	Workload live.Workload
	// Pipeline is the metric pipeline, for a workload that has a subject.
	Pipeline pipeline.Report
	Measured series.Measured
	// Loads are the findings about the load metrics of the plan, those of metrics that nobody
	// named too.
	Loads []loadmetric.Unserved
	// HPAsUnread says why autoscalers are not known; empty if they are.
	HPAsUnread string
	// AdapterServices are Services that may be prometheus-adapter's, for a cluster in
	// which no APIService leads to it.
	AdapterServices []corev1.Service
}

// noSubject is why nothing is known of the pipeline of a workload without a Service.
const noSubject = "nothing can be said without a Service"

// diagnose makes the report.
func diagnose(f Facts) Report {
	d := f.Workload.Deployment
	object := finding.Object{Kind: string(annotations.OnDeployment), Namespace: d.Namespace, Name: d.Name}
	r := Report{Namespace: d.Namespace, Object: object.String()}
	settings, evidence := f.settings(object)
	if p := f.Workload.Plan(); p != nil {
		r.Plan = p.String()
	}
	r.add(Settings, settings, evidence, "")
	if f.Workload.Subject == nil {
		for _, hop := range append(source.Hops(), f.Workload.Output().Hop()) {
			r.add(hop, nil, nil, noSubject)
		}
	} else {
		for _, step := range f.proven().Steps {
			f.step(&r, step)
		}
		f.autoscaler(&r)
	}
	r.complete(f.Workload.Reported, f.Workload.Subject)
	return r
}

// settings judges the settings of the workload.
func (f Facts) settings(object finding.Object) (findings []finding.Finding, evidence []string) {
	resolution := f.Workload.Resolution
	if !f.Workload.Concerned() {
		return []finding.Finding{notEnabled(object, resolution.PolicyName)}, nil
	}
	switch p := f.Workload.Plan(); {
	case p != nil && p.PolicyName != "":
		evidence = append(evidence, fmt.Sprintf("enabled by the %s, under LatencyPolicy %s", p.EnabledBy, p.PolicyName))
	case p != nil:
		evidence = append(evidence, fmt.Sprintf("enabled by an annotation of the %s", p.EnabledBy))
	}
	return resolution.Findings, evidence
}

// notEnabled is only found by somebody who names a workload.
func notEnabled(object finding.Object, policyName string) finding.Finding {
	text := "nothing enables its autoscaling: neither it nor its Service has the annotation " + annotations.TargetMS
	if policyName != "" {
		text += ", and LatencyPolicy " + policyName + " does not enable it"
	}
	return plan.NotEnabled.On(object, "%s", text).WithFix(finding.Fix{
		Commands: []string{fmt.Sprintf("kubectl latency set deployment/%s -n %s --target-ms 40", object.Name, object.Namespace)},
	})
}

// proven is the report on the pipeline, given what was measured: a value proves every hop
// before it. One of no requests does not, which is NaN in Prometheus and 0 of the adapter:
// series that are no longer scraped have it for minutes.
func (f Facts) proven() pipeline.Report {
	switch api, query := f.Measured.API, f.Measured.Query; {
	case flows(api):
		return f.Pipeline.Proven(through(metricsapi.Hop), api.String())
	case flows(query):
		return f.Pipeline.Proven(through(prometheus.Hop), query.String())
	default:
		return f.Pipeline
	}
}

// flows reports whether a value is that of requests.
func flows(r series.Reading) bool { return r.Value != nil && *r.Value > 0 } // NaN is not

// through returns a function that is true for the hops up to the last one.
func through(last *finding.Hop) func(*finding.Hop) bool {
	behind := false
	return func(h *finding.Hop) bool {
		is := !behind
		behind = behind || h == last
		return is
	}
}

// step adds one hop of the pipeline. Of the last one what was measured counts. What is
// seen to work outweighs what may not be read: an API that gives a value is there.
func (f Facts) step(r *Report, step pipeline.Step) {
	findings, evidence, why := step.Findings, step.Evidence(), step.Unjudged
	switch step.Hop {
	case series.Hop:
		findings, evidence = series.ByMeasurement(f.Measured, *f.Workload.Subject)
		why = ""
	case metricsapi.Hop:
		findings = f.withAPIService(findings)
		if reading := (status.Reading{Findings: findings}); reading.State() == v1alpha1.HopUnknown && f.Measured.API.State == pipeline.Known && f.Measured.API.Value != nil {
			findings, why = nil, ""
			evidence = []string{"it answers: " + f.Measured.API.String()}
		}
	}
	r.add(step.Hop, findings, evidence, why)
}

// autoscaler adds the last hop.
func (f Facts) autoscaler(r *Report) {
	w := f.Workload
	findings, evidence := w.Output().Evaluate(output.Facts{
		Live: w.Live, Plan: w.Resolution.Plan, Unread: f.HPAsUnread, HasValue: f.Measured.API.Value != nil,
	})
	for _, u := range f.Loads {
		if u.ByDefault {
			evidence = append(evidence, u.Message+" ('kubectl latency render -f FILE --with adapter-rule' prints it)")
		} else {
			findings = append(findings, u.Finding)
		}
	}
	why := ""
	if w.Live == nil && len(findings) == 0 {
		why = "nothing is attached until the settings are fixed"
	}
	r.add(w.Output().Hop(), findings, evidence, why)
}
