// Package outputs lists the outputs.
package outputs

import (
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/output/hpa"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// All returns every output, the default first.
func All() []output.Output { return []output.Output{hpa.Output{}} }

// For returns the output of a plan.
func For(plan.Plan) output.Output { return Default() }

// Default returns the output of workloads that no policy gives another.
func Default() output.Output { return All()[0] }

// OfKind returns the output of objects of that kind, if it is one.
func OfKind(kind string) (o output.Output, ok bool) {
	for _, o := range All() {
		if o.GroupVersionKind().Kind == kind {
			return o, true
		}
	}
	return nil, false
}

// Hops lists the hops of all outputs.
func Hops() []*finding.Hop {
	var out []*finding.Hop
	for _, o := range All() {
		out = append(out, o.Hop())
	}
	return out
}

// Reasons lists the findings that the outputs declare.
func Reasons() []*finding.Reason {
	var out []*finding.Reason
	for _, o := range All() {
		out = append(out, o.Reasons()...)
	}
	return out
}
