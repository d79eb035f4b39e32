package doctor

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/cli/live"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/reference"
	"github.com/kong-latency/kong-latency/internal/status"
)

// Settings is what comes before the first hop: what the workload requests.
var Settings = &finding.Hop{Name: status.Settings}

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
	// ReportedBy is live.Controller if the state is not from what was read and measured, but
	// what the controller reported, and Since is since when; empty otherwise.
	ReportedBy string       `json:"reportedBy,omitempty"`
	Since      *metav1.Time `json:"since,omitempty"`
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
	// Observed is when the controller last saw the autoscaler, if it reported a hop.
	Observed *metav1.Time `json:"observedTime,omitempty"`

	readings []status.Reading
}

// states are what the states of a status are called here.
var states = map[v1alpha1.HopState]State{
	v1alpha1.HopProven: OK, v1alpha1.HopWarning: Warning, v1alpha1.HopUnknown: Unknown, v1alpha1.HopBroken: Broken,
}

// add appends a hop and keeps track of the first that is broken. A hop with neither
// findings nor evidence is not known, and why says it.
func (r *Report) add(hop *finding.Hop, findings []finding.Finding, evidence []string, why string) {
	reading := status.Reading{Hop: hop.Name, Findings: findings, Unjudged: why}
	h := Hop{Hop: hop.Name, State: states[reading.State()], Evidence: evidence}
	for _, f := range findings {
		h.Findings = append(h.Findings, Finding{
			Reason: f.Reason.Name, Severity: f.Severity, Object: f.Object.String(), Message: f.Message, Fix: render.Fix(f.Fix), found: f,
		})
	}
	if len(findings) == 0 && why != "" {
		h.Evidence = []string{why}
	}
	r.Hops, r.readings = append(r.Hops, h), append(r.readings, reading)
	r.Broken = r.firstBroken()
}

// complete replaces the hops for which the report of the controller counts.
func (r *Report) complete(by *status.Report, subject *pipeline.Subject) {
	instead := by.Instead(subject, r.readings)
	for i := range r.Hops {
		if reported, ok := instead[r.Hops[i].Hop]; ok {
			r.Hops[i] = hopOf(reported, r.Hops[i])
		}
	}
	r.Broken = r.firstBroken()
	if len(instead) > 0 && !by.Observed.IsZero() {
		r.Observed = &by.Observed
	}
}

func (r *Report) firstBroken() string {
	for _, h := range r.Hops {
		if h.State == Broken {
			return h.Hop
		}
	}
	return ""
}

// hopOf is a hop as the controller reported it, instead of what was read.
func hopOf(reported v1alpha1.HopStatus, read Hop) Hop {
	h := Hop{Hop: reported.Hop, State: states[reported.State], ReportedBy: live.Controller, Since: &reported.LastTransitionTime}
	switch {
	case reported.Evidence != "":
		h.Evidence = []string{reported.Evidence}
	case reported.Hop == Settings.Name:
		h.Evidence = read.Evidence // it is by the plan
	}
	for _, f := range reported.Findings {
		h.Findings = append(h.Findings, Finding{
			Reason: f.Reason, Severity: finding.Severity(f.Severity), Object: f.Object, Message: f.Message, Fix: f.Fix,
			// Whether a text of a status is a manifest is not known, and nothing is applied because
			// a status says so.
			found: finding.Finding{Reason: reasonNamed(f.Reason), Fix: finding.Fix{Summary: f.Fix}},
		})
	}
	return h
}

// reasonNamed is the reason of that name. The controller may know more of them.
func reasonNamed(name string) *finding.Reason {
	all := reference.Reasons()
	if i := slices.IndexFunc(all, func(r *finding.Reason) bool { return r.Name == name }); i >= 0 {
		return all[i]
	}
	return &finding.Reason{Name: name, Summary: "see the page of findings of the controller's version"}
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
