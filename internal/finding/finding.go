// Package finding defines what the product says when something is wrong or
// noteworthy. Every other package speaks in findings, so this one imports none
// of them.
package finding

import (
	"cmp"
	"fmt"
	"slices"
)

// Severity says what follows from a finding.
type Severity string

const (
	// Error means that nothing is attached, or that the metric cannot arrive.
	Error Severity = "Error"
	// Warning means that autoscaling works, though perhaps not as intended.
	Warning Severity = "Warning"
	// Unknown means that it could not be found out. It is never a "no".
	Unknown Severity = "Unknown"
)

// Wait says what would make a finding go away.
type Wait string

const (
	// ForChange findings stay until somebody changes the object they name.
	ForChange Wait = "Change"
	// ForObject findings end by themselves when an object appears that is missing now.
	ForObject Wait = "Object"
)

// Reason is the declaration of one kind of finding. Reasons are declared once,
// as package variables beside the code that finds them; the reference pages are
// generated from these declarations.
type Reason struct {
	// Name is stable and PascalCase; it is what events and messages carry.
	Name string
	// Severity of every finding with this reason.
	Severity Severity
	// Wait says whether the finding can end without the named object changing.
	Wait Wait
	// Hop is the hop of the metric's pipeline that it is about; empty for findings
	// about settings and pairing.
	Hop Hop
	// Summary is one sentence for the reference page: when this is found.
	Summary string
	// Fix is one sentence for the reference page: what mends it.
	Fix string
}

// Hop is one step on the way of the metric from Kong to the autoscaler.
type Hop string

// The hops, in the order in which the metric takes them.
const (
	Extension      Hop = "extension"       // Kong Operator is asked to measure the Service
	Route          Hop = "route"           // traffic reaches the Service in a way that can be told apart
	ServiceMonitor Hop = "service-monitor" // the operator's metrics are to be scraped, and how
	Prometheus     Hop = "prometheus"      // a Prometheus takes the monitor, and it is the adapter's
	AdapterRule    Hop = "adapter-rule"    // prometheus-adapter makes the metric of the series
	MetricsAPI     Hop = "metrics-api"     // the API server forwards requests for the metric
	Series         Hop = "series"          // the metric has a value
)

// Autoscaler is what the way leads to. It is no hop of the pipeline: what is wrong
// with it is not for admission to judge.
const Autoscaler Hop = "autoscaler"

// Hops lists all hops of the pipeline in their order.
func Hops() []Hop {
	return []Hop{Extension, Route, ServiceMonitor, Prometheus, AdapterRule, MetricsAPI, Series}
}

// Object names a Kubernetes object.
type Object struct {
	Kind      string
	Namespace string
	Name      string
}

// String is the object as people write it: "Deployment default/echo".
func (o Object) String() string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

// Finding is one thing wrong or noteworthy.
type Finding struct {
	Reason   string
	Severity Severity
	Wait     Wait
	Hop      Hop
	// Object is what the finding is about, which need not be the workload.
	Object Object
	// Message is one sentence that names what is wrong and what is allowed.
	Message string
	// Fix is what mends it, as text or as complete YAML; empty when the message says it all.
	Fix string
}

// On makes a finding of reason r about object o.
func (r *Reason) On(o Object, format string, args ...any) Finding {
	return Finding{
		Reason:   r.Name,
		Severity: r.Severity,
		Wait:     r.Wait,
		Hop:      r.Hop,
		Object:   o,
		Message:  fmt.Sprintf(format, args...),
	}
}

// WithFix returns the finding with what mends it.
func (f Finding) WithFix(format string, args ...any) Finding {
	f.Fix = fmt.Sprintf(format, args...)
	return f
}

// String is the finding in one line: reason, object, sentence.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s: %s", f.Reason, f.Object, f.Message)
}

// Blocks tells whether any of the findings keeps the workload from being
// attached. Findings about the pipeline never do: an autoscaler without its
// metric holds the size, and works the moment the pipeline does.
func Blocks(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Error && f.Hop == "" })
}

// Sort orders findings: errors first, then by reason, object and message, so
// that the same state always gives the same text.
func Sort(findings []Finding) {
	rank := map[Severity]int{Error: 0, Warning: 1, Unknown: 2}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(rank[a.Severity], rank[b.Severity]),
			cmp.Compare(a.Reason, b.Reason),
			cmp.Compare(a.Object.String(), b.Object.String()),
			cmp.Compare(a.Message, b.Message),
		)
	})
}
