package list

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/cli/live"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/cluster"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/series"
	"github.com/kong-latency/kong-latency/internal/pipeline/source"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// Row is one workload. Its JSON is promised in docs/cli.md.
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
	// Replicas is how many are wanted now.
	Replicas    int32 `json:"replicas"`
	MinReplicas int32 `json:"minReplicas,omitempty"`
	MaxReplicas int32 `json:"maxReplicas,omitempty"`
	// Paused are the directions in which scaling is stopped: true, scale-in or
	// scale-out; empty if it is not.
	Paused string `json:"paused,omitempty"`
	// Pipeline is how it stands with the way of the metric.
	Pipeline Pipeline `json:"pipeline"`
	// Source says who asks: Deployment, Service or LatencyPolicy.
	Source string `json:"source,omitempty"`
	// Policy is the LatencyPolicy that rules the workload.
	Policy string `json:"policy,omitempty"`
	// HPA is the autoscaler's name, empty if there is none, and Since its creation.
	HPA   string       `json:"hpa,omitempty"`
	Since *metav1.Time `json:"since,omitempty"`
}

// Pipeline is the worst thing that was found.
type Pipeline struct {
	State State `json:"state"`
	// Hop is where; empty for the workload's own settings.
	Hop     string `json:"hop,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// State says how it stands.
type State string

// The states, from good to bad.
const (
	OK      State = "ok"
	Warning State = "warning"
	Unknown State = "unknown"
	Broken  State = "broken"
	Blocked State = "blocked" // nothing is attached
)

// String is the pipeline in a table.
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

// rows are those workloads that are autoscaled or ask for it, the ones farthest over
// their target first, those without a value last.
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

// over is the latency in targets; -1 if it is not known.
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
		Source: string(w.Resolution.Source), Policy: w.Resolution.PolicyName,
	}
	if w.Subject != nil {
		r.Service, r.Metric = w.Subject.Service, w.Subject.Metric
	}
	if p := w.Resolution.Plan; p != nil {
		r.planned(p)
	}
	if w.HPA != nil {
		r.attached(w)
	}
	r.Pipeline = judge(w, e, now)
	return r
}

func (r *Row) planned(p *plan.Plan) {
	r.TargetMS = ptr.To(p.Target.AsApproximateFloat64())
	r.MinReplicas, r.MaxReplicas = p.MinReplicas, p.MaxReplicas
	if p.Paused != annotations.PauseNone {
		r.Paused = string(p.Paused)
	}
}

// attached adds what the autoscaler has, which is what holds now.
func (r *Row) attached(w live.Workload) {
	h := w.HPA
	r.HPA, r.Since = h.Name, &h.CreationTimestamp
	r.MinReplicas, r.MaxReplicas = ptr.Deref(h.Spec.MinReplicas, 1), h.Spec.MaxReplicas
	for _, m := range h.Spec.Metrics {
		if m.Object != nil && m.Object.Metric.Name == r.Metric && m.Object.Target.Value != nil {
			r.TargetMS = ptr.To(m.Object.Target.Value.AsApproximateFloat64())
		}
	}
	if scaling := cluster.Scaling(h); scaling.Active {
		r.NowMS = current(h, r.Metric)
	}
}

// current is the value of the metric that the autoscaler saw last.
func current(h *autoscalingv2.HorizontalPodAutoscaler, metric string) *float64 {
	for _, m := range h.Status.CurrentMetrics {
		if m.Object != nil && m.Object.Metric.Name == metric && m.Object.Current.Value != nil {
			return ptr.To(m.Object.Current.Value.AsApproximateFloat64())
		}
	}
	return nil
}

// judge is the worst that there is to say about the workload: what blocks it, then
// the first broken hop, then what is not known, then what is noteworthy.
func judge(w live.Workload, e *pipeline.Evaluator, now time.Time) Pipeline {
	findings := slices.Clone(w.Resolution.Findings)
	if w.Subject != nil {
		findings = append(findings, e.Diagnose(source.Default(), *w.Subject).Findings()...)
		found, _ := series.ByCondition(cluster.Scaling(w.HPA), *w.Subject, now)
		findings = append(findings, found...)
	}
	worst := Pipeline{State: OK}
	for _, f := range findings {
		if state := stateOf(f); rank(state) > rank(worst.State) {
			worst = Pipeline{State: state, Hop: f.Hop().String(), Reason: f.Reason.Name, Message: f.Message}
		}
	}
	return worst
}

func stateOf(f finding.Finding) State {
	switch {
	case f.Severity == finding.Error && f.Hop() == nil:
		return Blocked
	case f.Severity == finding.Error:
		return Broken
	case f.Severity == finding.Unknown:
		return Unknown
	default:
		return Warning
	}
}

func rank(s State) int { return slices.Index([]State{OK, Warning, Unknown, Broken, Blocked}, s) }

// source is the source in a table.
func (r Row) source() string {
	switch plan.Source(r.Source) {
	case plan.FromPolicy:
		return "policy/" + r.Policy
	case plan.FromDeployment, plan.FromService:
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

// targetText is a target, which is never rounded.
func targetText(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%gms", *v)
}
