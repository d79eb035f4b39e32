package get

import (
	"slices"
	"time"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/cli/live"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/series"
	"github.com/kong-latency/kong-latency/internal/pipeline/source"
	"github.com/kong-latency/kong-latency/internal/status"
)

// judge is the worst that there is to say about the workload: what blocks it, then
// the first broken hop, then what is not known, then what is noteworthy. Of hops that could
// not be read it is what the controller reported.
func judge(w live.Workload, e *pipeline.Evaluator, now time.Time) Pipeline {
	readings := read(w, e, now)
	instead := w.Reported.Instead(w.Subject, readings)
	worst := Pipeline{State: OK}
	if len(instead) > 0 {
		worst.ReportedBy = live.Controller
	}
	for _, r := range readings {
		if h, ok := instead[r.Hop]; ok {
			worst = worse(worst, reported(h))
			continue
		}
		for _, f := range r.Findings {
			worst = worse(worst, Pipeline{State: stateOf(f), Hop: f.Hop().String(), Reason: f.Reason.Name, Message: f.Message})
		}
	}
	return worst
}

// read is what was found out about each hop by reading.
func read(w live.Workload, e *pipeline.Evaluator, now time.Time) []status.Reading {
	out := []status.Reading{{Hop: status.Settings, Findings: w.Resolution.Findings}}
	seen, attached := w.Observed()
	if w.Subject != nil {
		for _, step := range e.Diagnose(source.Default(), *w.Subject).Steps {
			r := status.Reading{Hop: step.Hop.Name, Findings: step.Findings, Unjudged: step.Unjudged}
			if step.Hop == series.Hop && seen.Scaling.Known {
				r.Unjudged = ""
				r.Findings, _ = series.ByCondition(seen.Scaling, *w.Subject, now)
			}
			out = append(out, r)
		}
	}
	scaling := status.Reading{Hop: w.Output().Hop().Name}
	if attached {
		scaling.Findings, _ = w.Output().Failing(w.Live, now)
	} else {
		scaling.Unjudged = "no autoscaler was read"
	}
	return append(out, scaling)
}

// reported is a hop as the controller reported it.
func reported(h v1alpha1.HopStatus) Pipeline {
	p := Pipeline{State: states[h.State], Hop: h.Hop, ReportedBy: live.Controller, Since: &h.LastTransitionTime}
	if h.Hop == status.Settings {
		p.Hop = ""
		if p.State == Broken {
			p.State = Blocked
		}
	}
	if len(h.Findings) > 0 { // the most severe is the first
		p.Reason, p.Message = h.Findings[0].Reason, h.Findings[0].Message
	}
	return p
}

// states are what the states of a status are called here.
var states = map[v1alpha1.HopState]State{
	v1alpha1.HopProven: OK, v1alpha1.HopWarning: Warning, v1alpha1.HopUnknown: Unknown, v1alpha1.HopBroken: Broken,
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

// worse is the worse of two, the first of equal ones.
func worse(a, b Pipeline) Pipeline {
	if rank(b.State) > rank(a.State) {
		return b
	}
	return a
}

func rank(s State) int { return slices.Index([]State{OK, Warning, Unknown, Broken, Blocked}, s) }
