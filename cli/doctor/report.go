package doctor

import (
	"slices"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
)

// Settings is what comes before the first hop: what the workload requests.
var Settings = &finding.Hop{Name: "settings"}

// State says how it stands with a hop.
type State string

// The states.
const (
	OK      State = "ok"
	Warning State = "warning" // it works, though perhaps not as intended
	Unknown State = "unknown" // it could not be found out
	Broken  State = "broken"
)

// Hop is one hop of a report. Its JSON is promised in docs/cli.md.
type Hop struct {
	Hop   string `json:"hop"`
	State State  `json:"state"`
	// Evidence is what speaks for the state, a sentence each.
	Evidence []string `json:"evidence,omitempty"`
	// Findings are what is wrong, or not known.
	Findings []Finding `json:"findings,omitempty"`
}

// Finding is a finding as JSON.
type Finding struct {
	Reason   string           `json:"reason"`
	Severity finding.Severity `json:"severity"`
	Object   string           `json:"object"`
	Message  string           `json:"message"`
	Fix      string           `json:"fix,omitempty"`

	found finding.Finding
}

// Report is one workload, from its settings to its autoscaler.
type Report struct {
	Namespace string `json:"namespace"`
	// Object is what the report is about, such as "Deployment default/echo".
	Object string `json:"object"`
	// Plan is what the workload gets; empty if it has no plan.
	Plan string `json:"asks,omitempty"` // words:allow, the name is promised
	// Broken is the first broken hop; empty if none is.
	Broken string `json:"broken,omitempty"`
	Hops   []Hop  `json:"hops"`
}

// add appends a hop and keeps track of the first that is broken. A hop with neither
// findings nor evidence is not known, and why says it.
func (r *Report) add(hop *finding.Hop, findings []finding.Finding, evidence []string, why string) {
	h := Hop{Hop: hop.Name, State: stateOf(findings), Evidence: evidence}
	for _, f := range findings {
		h.Findings = append(h.Findings, Finding{
			Reason: f.Reason.Name, Severity: f.Severity, Object: f.Object.String(), Message: f.Message, Fix: render.Fix(f.Fix), found: f,
		})
	}
	if len(findings) == 0 && why != "" {
		h.State, h.Evidence = Unknown, []string{why}
	}
	if h.State == Broken && r.Broken == "" {
		r.Broken = hop.Name
	}
	r.Hops = append(r.Hops, h)
}

// stateOf is the worst of the findings. What is broken outweighs what is not known.
func stateOf(findings []finding.Finding) State {
	has := func(s finding.Severity) bool {
		return slices.ContainsFunc(findings, func(f finding.Finding) bool { return f.Severity == s })
	}
	switch {
	case has(finding.Error):
		return Broken
	case has(finding.Unknown):
		return Unknown
	case has(finding.Warning):
		return Warning
	default:
		return OK
	}
}

// hop is the hop of that name; nil if the report has none.
func (r *Report) hop(name string) *Hop {
	i := slices.IndexFunc(r.Hops, func(h Hop) bool { return h.Hop == name })
	if i < 0 {
		return nil
	}
	return &r.Hops[i]
}

// anyBroken reports whether a report has a broken hop.
func anyBroken(reports []Report) bool {
	return slices.ContainsFunc(reports, func(r Report) bool { return r.Broken != "" })
}
