// Package source lists where latency can be measured. Each source is a package below.
package source

import (
	"slices"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/source/operator"
)

// All returns the sources, the default first.
func All() []pipeline.Source { return []pipeline.Source{operator.Source{}} }

// Default returns the source of workloads whose policy names none.
func Default() pipeline.Source { return operator.Source{} }

// Hops returns the declarations of the hops of all sources in their order, each once.
func Hops() []*finding.Hop {
	var out []*finding.Hop
	for _, h := range hops() {
		out = append(out, h.Declaration)
	}
	return out
}

// Reasons returns what the hops of all sources can find, in the order of the hops.
func Reasons() []*finding.Reason {
	var out []*finding.Reason
	for _, h := range hops() {
		out = append(out, h.Reasons...)
	}
	return out
}

// hops are the hops of all sources, each once: sources share hops.
func hops() []pipeline.Hop {
	var out []pipeline.Hop
	for _, s := range All() {
		for _, h := range s.Hops() {
			shared := func(o pipeline.Hop) bool { return o.Declaration == h.Declaration }
			if !slices.ContainsFunc(out, shared) {
				out = append(out, h)
			}
		}
	}
	return out
}
