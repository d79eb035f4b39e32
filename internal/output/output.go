// Package output defines the interface to the kinds of objects that scale workloads. An
// output is one such kind, for example HorizontalPodAutoscaler; it has a package below
// this one and an entry in internal/output/outputs.
//
// Outputs are pure: their callers read and write the cluster.
package output

import (
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// Object is an object as clients and caches return it. An output gets objects of the
// type that its New returns; any other is neither up to date nor scaling.
type Object interface {
	metav1.Object
	runtime.Object
}

// ObjectList is a list of such objects.
type ObjectList interface {
	metav1.ListInterface
	runtime.Object
}

// Output is one kind of object that scales Deployments.
type Output interface {
	// GroupVersionKind is the kind; the kind of a model.Autoscaler is its Kind.
	GroupVersionKind() schema.GroupVersionKind
	// New returns an empty object, and NewList an empty list, to watch and to decode
	// into.
	New() Object
	NewList() ObjectList

	// Hop is the last hop of the metric pipeline, and Reasons are those of its findings.
	Hop() *finding.Hop
	Reasons() []*finding.Reason

	// Desired is the object of a plan, for server-side apply with the ownership of
	// conflicting fields. It is owned by the Deployment if the plan has its UID.
	Desired(p plan.Plan) (*unstructured.Unstructured, error)
	// UpToDate reports whether applying the plan would change nothing in the live object.
	// Fields that a plan never sets do not count.
	UpToDate(live Object, p plan.Plan) bool
	// Differences returns what applying the plan would change in the live object. What
	// others wrote into it is quoted.
	Differences(live Object, p plan.Plan) Differences
	// Changes returns the differences that the object of one plan has from another plan:
	// what Differences returns for a live object that is as then says.
	Changes(then, now plan.Plan) Differences
	// Changed reports whether two states of one object differ in a way for which the
	// workload is reconciled. The numbers of the status do not count.
	Changed(before, after Object) bool
	// Paused returns the directions in which the live object does not scale, and in
	// which it will not once the plan is applied.
	Paused(live Object, p plan.Plan) (now, then annotations.PauseMode)

	// Autoscaler returns the relevant part of a live object.
	Autoscaler(live Object) model.Autoscaler
	// Observe returns what a live object reports about its scaling.
	Observe(live Object) Observation
	// Failing returns the findings about conditions of a live object that keep it from
	// scaling, apart from the missing value of its metric, at a point in time. recheck is
	// the time after which there can be others without anything changing; 0 if there
	// cannot.
	Failing(live Object, now time.Time) (findings []finding.Finding, recheck time.Duration)
	// Metrics are the metrics by which the object of a plan scales, the latency first.
	Metrics(p plan.Plan) []PlannedMetric
	// Evaluate returns the findings about the live object of a workload, and evidence
	// that quotes its status.
	Evaluate(f Facts) (findings []finding.Finding, evidence []string)
}

// PlannedMetric is a metric by which the object of a plan scales, in the words of the kind.
type PlannedMetric struct {
	// Name is that of the metric, or of the resource.
	Name string
	// Type is the type of its source, and TargetType how it is compared with its Target,
	// which is in the unit of the metric.
	Type, TargetType, Target string
}

// Facts are the input of Evaluate.
type Facts struct {
	// Live is nil if there is no such object, or it is not known; Unread then says why.
	Live   Object
	Unread string
	// Plan is nil if nothing is to be attached, or it is not known what.
	Plan *plan.Plan
	// HasValue is true if the metric is known to have a value now.
	HasValue bool
}

// Observation is what a live object reports about its scaling.
type Observation struct {
	Name    string
	Created metav1.Time
	// MinReplicas and MaxReplicas are its bounds.
	MinReplicas, MaxReplicas int32
	// CurrentReplicas and DesiredReplicas are those of its status.
	CurrentReplicas, DesiredReplicas int32
	// Metrics are the metrics of Services by which it scales.
	Metrics []Metric
	Scaling model.Scaling
}

// Metric is a metric of a Service by which an object scales.
type Metric struct {
	Service string
	Name    string
	// Target is nil if it is not a value.
	Target *resource.Quantity
	// Current is the latest value; nil if there is none.
	Current *resource.Quantity
}

// Metric returns the metric of that name, if the object scales by it.
func (o Observation) Metric(name string) (Metric, bool) {
	for _, m := range o.Metrics {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}
