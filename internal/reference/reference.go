// Package reference collects what the product declares about itself: the
// findings, by chapters, and what there is to say about each. The reference pages
// are written from it, and `kubectl latency explain` shows the same.
package reference

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/output/outputs"
	"github.com/kong-latency/kong-latency/internal/pipeline/source"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// Reasons are all that the product declares.
func Reasons() []*finding.Reason {
	return slices.Concat(
		annotations.Reasons(),
		plan.Reasons(),
		policy.Reasons(),
		source.Reasons(),
		outputs.Reasons(),
	)
}

// Chapter is a part of the findings.
type Chapter struct {
	// Hop is nil for what is not about the metric pipeline.
	Hop *finding.Hop
	// Title and Text are for people.
	Title, Text string
}

// Chapters are in the order of the page: settings first, then the hops of the metric
// pipeline, then the autoscaler.
func Chapters() []Chapter {
	out := []Chapter{{
		Title: "Settings, policies and pairing",
		Text:  "What the annotations request, what the policy makes of it, and which Deployment and Service belong together.",
	}}
	for _, hop := range append(source.Hops(), outputs.Hops()...) {
		out = append(out, Chapter{Hop: hop, Title: hop.Title, Text: hop.Summary})
	}
	return out
}

// Of are those of the reasons that belong to the chapter, in the order in which
// findings are told.
func (c Chapter) Of(all []*finding.Reason) []*finding.Reason {
	var out []*finding.Reason
	for _, r := range all {
		if r.Hop == c.Hop {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *finding.Reason) int {
		return cmp.Or(cmp.Compare(a.Severity.Rank(), b.Severity.Rank()), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// Ends says what ends a finding of this reason.
func Ends(r *finding.Reason) string {
	if r.Wait == finding.ForObject {
		return "automatically, when another object appears or goes"
	}
	return "when the object that it names is changed"
}

// Kinds says on which kinds of objects an annotation may stand.
func Kinds(k annotations.Key) string {
	var names []string
	for _, kind := range k.Kinds {
		names = append(names, string(kind))
	}
	return strings.Join(names, " or ")
}
