package get

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/cli/live"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// Row is one workload. Its JSON is documented in docs/cli.md and stable.
type Row struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Service is empty if the workload has none.
	Service string `json:"service,omitempty"`
	Metric  string `json:"metric,omitempty"`
	// TargetMS and NowMS are latencies in milliseconds; NowMS is nil if the
	// autoscaler has no value.
	TargetMS *float64 `json:"targetMs,omitempty"`
	NowMS    *float64 `json:"nowMs,omitempty"`
	// Replicas is the desired number of replicas.
	Replicas    int32 `json:"replicas"`
	MinReplicas int32 `json:"minReplicas,omitempty"`
	MaxReplicas int32 `json:"maxReplicas,omitempty"`
	// Paused are the directions in which scaling is stopped: true, scale-in or
	// scale-out; empty if it is not.
	Paused string `json:"paused,omitempty"`
	// Pipeline is the state of the metric pipeline.
	Pipeline Pipeline `json:"pipeline"`
	// Source says what enables the workload: Deployment, Service or LatencyPolicy.
	Source string `json:"source,omitempty"`
	// Policy is the effective policy.
	Policy string `json:"policy,omitempty"`
	// HPA is the autoscaler's name, empty if there is none, and Since its creation.
	HPA   string       `json:"hpa,omitempty"`
	Since *metav1.Time `json:"since,omitempty"`
	// PlanReportedBy is live.Controller if target, bounds and policy are not known by what was
	// read, but as the controller reported them; empty otherwise.
	PlanReportedBy string `json:"planReportedBy,omitempty"`
}

// Pipeline is the worst finding.
type Pipeline struct {
	State State `json:"state"`
	// Hop is the hop that it is about; empty for settings.
	Hop     string `json:"hop,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	// ReportedBy is live.Controller if the state is known because the controller reported it;
	// empty otherwise. Since is since when the hop is in that state, by that report.
	ReportedBy string       `json:"reportedBy,omitempty"`
	Since      *metav1.Time `json:"since,omitempty"`
}

// State summarizes the worst finding.
type State string

// The states, from best to worst.
const (
	OK      State = "ok"
	Warning State = "warning"
	Unknown State = "unknown"
	Broken  State = "broken"
	Blocked State = "blocked" // nothing is attached
)

// String returns the text for a table.
func (p Pipeline) String() string {
	switch {
	case p.State == OK:
		return string(OK)
	case p.Hop == "":
		return fmt.Sprintf("%s: %s", p.State, p.Reason)
	default:
		return fmt.Sprintf("%s: %s", p.State, p.Hop)
	}
}

// rows returns the enabled and the autoscaled workloads, those farthest over their
// target first, those without a value last.
func rows(s *live.State, keep func(live.Workload) bool, now time.Time) []Row {
	evaluator := pipeline.NewEvaluator(s.Snapshot)
	var out []Row
	for _, w := range s.Workloads() {
		if w.Concerned() && keep(w) {
			out = append(out, rowOf(w, evaluator, now))
		}
	}
	slices.SortStableFunc(out, func(a, b Row) int {
		return cmp.Or(-cmp.Compare(a.over(), b.over()), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// over returns the latency divided by the target; -1 if it is unknown.
func (r Row) over() float64 {
	if r.NowMS == nil || ptr.Deref(r.TargetMS, 0) <= 0 {
		return -1
	}
	return *r.NowMS / *r.TargetMS
}

func rowOf(w live.Workload, e *pipeline.Evaluator, now time.Time) Row {
	d := w.Deployment
	r := Row{
		Namespace: d.Namespace, Name: d.Name, Replicas: ptr.Deref(d.Spec.Replicas, 1),
		Source: string(w.Resolution.EnabledBy), Policy: w.Resolution.PolicyName,
	}
	if w.Subject != nil {
		r.Service, r.Metric = w.Subject.Service, w.Subject.Metric
	}
	if p := w.Plan(); p != nil {
		r.planned(p)
		if w.Resolution.Plan == nil {
			r.PlanReportedBy = live.Controller
		}
	}
	if seen, ok := w.Observed(); ok {
		r.attached(seen)
	}
	r.Pipeline = judge(w, e, now)
	return r
}

func (r *Row) planned(p *plan.Plan) {
	r.Source, r.Policy = cmp.Or(r.Source, string(p.EnabledBy)), cmp.Or(r.Policy, p.PolicyName)
	r.TargetMS = ptr.To(p.Target.AsApproximateFloat64())
	r.MinReplicas, r.MaxReplicas = p.MinReplicas, p.MaxReplicas
	if p.Paused != annotations.PauseNone {
		r.Paused = string(p.Paused)
	}
}

// attached adds what the live object shows, which is in effect now.
func (r *Row) attached(seen output.Observation) {
	r.HPA, r.Since = seen.Name, &seen.Created
	r.MinReplicas, r.MaxReplicas = seen.MinReplicas, seen.MaxReplicas
	metric, _ := seen.Metric(r.Metric)
	if metric.Target != nil {
		r.TargetMS = ptr.To(metric.Target.AsApproximateFloat64())
	}
	if seen.Scaling.Active && metric.Current != nil {
		r.NowMS = ptr.To(metric.Current.AsApproximateFloat64())
	}
}

// source returns the text of the source for a table.
func (r Row) source() string {
	switch plan.EnabledBy(r.Source) {
	case plan.ByPolicy:
		return "policy/" + r.Policy
	case plan.ByDeployment, plan.ByService:
		return "annotation"
	default:
		return "-"
	}
}

func milliseconds(v *float64) string {
	if v == nil {
		return "-"
	}
	digits := 3
	if *v >= 10 {
		digits = 0
	} else if *v >= 1 {
		digits = 1
	}
	if *v == float64(int64(*v)) {
		digits = 0
	}
	return fmt.Sprintf("%.*fms", digits, *v)
}

// targetText formats a target, which is never rounded.
func targetText(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%gms", *v)
}
