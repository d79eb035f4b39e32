package files

import (
	"reflect"
	"slices"

	"github.com/kong-latency/kong-latency/internal/admission"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/source"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// Outcome is the result of admission for all objects.
type Outcome struct {
	// Plans are those of the workloads that get an autoscaler, in the order of the files.
	Plans []plan.Plan
	// Findings are about settings, pairing, policies and, if it was diagnosed, the metric
	// pipeline; sorted, each once.
	Findings []finding.Finding
}

// Diagnose returns the findings about the pipeline of a metric according to the files.
func (c *Cluster) Diagnose(namespace, service, metric string) []finding.Finding {
	return c.evaluator.Diagnose(source.Default(), pipeline.Subject{Namespace: namespace, Service: service, Metric: metric}).Findings()
}

// Admit decides about every Deployment and Service as admission would if it were new. If
// diagnose is nil, the pipeline is not evaluated.
func (c *Cluster) Admit(diagnose func(namespace, service, metric string) []finding.Finding) Outcome {
	out := Outcome{Findings: c.Policies.Set.Findings()}
	refused := map[finding.Object]bool{}
	for _, s := range c.Services {
		d := admission.Decide(admission.Request{
			Service: &admission.Change[model.Service]{After: s},
			Catalog: c.Catalog(s.Namespace), Policies: c.Policies, Diagnose: diagnose, Part: admission.Verdict,
		})
		refused[s.Object()] = !d.Admitted()
		out.add(d)
	}
	for _, w := range c.Workloads {
		d := admission.Decide(admission.Request{
			Workload: &admission.Change[model.Workload]{After: w},
			Catalog:  c.Catalog(w.Namespace), Policies: c.Policies, Diagnose: diagnose, Part: admission.Verdict,
		})
		out.add(d)
		if p := d.Plan; p != nil && d.Admitted() && !refused[model.Service{Namespace: p.Namespace, Name: p.Service}.Object()] {
			out.Plans = append(out.Plans, *p)
		}
	}
	finding.Sort(out.Findings)
	out.Findings = slices.CompactFunc(out.Findings, func(a, b finding.Finding) bool { return reflect.DeepEqual(a, b) })
	return out
}

// add adds the findings of a decision, except that a limit replaces a setting: in files a
// setting that exceeds a limit is refused.
func (o *Outcome) add(d admission.Decision) {
	all := slices.Concat(d.Refused, d.Warned, d.Pipeline, d.Unjudged)
	o.Findings = append(o.Findings, slices.DeleteFunc(all, func(f finding.Finding) bool { return f.Reason == policy.LimitClamped })...)
}
