package pipeline

import (
	"fmt"
	"slices"
	"sync"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// Step is what one hop says about a case.
type Step struct {
	Hop *finding.Hop
	// Findings say what is wrong; none if the hop works or cannot be judged.
	Findings []finding.Finding
	// Unjudged says why nothing can be said about a hop without findings; empty if it
	// works.
	Unjudged string

	evidence func() []string
}

// Judged reports whether the hop was judged by what could be read of the snapshot.
func (s Step) Judged() bool {
	return s.Unjudged == "" && !slices.ContainsFunc(s.Findings, func(f finding.Finding) bool { return f.Severity == finding.Unknown })
}

// Evidence returns the objects by which the hop works, one sentence each. It is empty
// for a hop that is broken.
func (s Step) Evidence() []string {
	broken := slices.ContainsFunc(s.Findings, func(f finding.Finding) bool { return f.Severity == finding.Error })
	if broken || s.evidence == nil {
		return nil
	}
	return s.evidence()
}

// Report is the metric pipeline of one subject, judged hop by hop.
type Report struct {
	// Steps are the hops in the order of the source.
	Steps []Step
	// Query is what the adapter sends to Prometheus; its Expr is empty if no rule
	// gets that far.
	Query adapterconfig.Query
	// Scraped is the Service that Prometheus scrapes; zero if none is known to be.
	Scraped finding.Object
	// Unread are the parts of the snapshot that could not be read. What was found while
	// one of them could be read and is not found now may not be resolved.
	Unread Parts

	findings []finding.Finding
}

// Findings are those of all hops, in their order. None means that the metric will
// arrive. The result is shared and must not be changed.
func (r Report) Findings() []finding.Finding { return r.findings }

// Diagnose judges the metric pipeline of a source for one subject. A hop that is broken
// does not hide the ones behind it: they are judged as if it were fixed.
func Diagnose(source Source, s *Snapshot, subject Subject) Report {
	return diagnose(newCase(source, s, subject, &sync.Map{}))
}

func diagnose(c *Case) Report {
	out := judged(c)
	if reader, ok := c.Snapshot.Reads[c.Subject.Metric]; ok {
		return out.Proven(func(h *finding.Hop) bool { return h.Shared }, fmt.Sprintf("%s reads %s at present", reader, c.Subject.Metric))
	}
	return out
}

func judged(c *Case) Report {
	hops := c.Source.Hops()
	out := Report{Steps: make([]Step, 0, len(hops)), Unread: c.Snapshot.Unread()}
	for _, hop := range hops {
		v := hop.Judge(c)
		if len(v.Findings) > 0 {
			v.Unjudged = ""
		}
		out.Steps = append(out.Steps, Step{Hop: hop.Declaration, Findings: v.Findings, Unjudged: v.Unjudged, evidence: v.Evidence})
		out.findings = append(out.findings, v.Findings...)
		if v.Query.Expr != "" {
			out.Query = v.Query
		}
		if v.Scraped.Name != "" {
			out.Scraped = v.Scraped
		}
	}
	return out
}

// Proven returns the report with some hops as something live proves that they work, which
// outweighs what follows from objects; hop is called with each in order. What seems to be broken there is a warning, what is
// unknown does not matter. The evidence is a clause for people.
func (r Report) Proven(hop func(*finding.Hop) bool, evidence string) Report {
	out := r
	out.Steps, out.findings = slices.Clone(r.Steps), nil
	for i, step := range out.Steps {
		if hop(step.Hop) {
			out.Steps[i] = step.proven(evidence)
		}
		out.findings = append(out.findings, out.Steps[i].Findings...)
	}
	return out
}

func (s Step) proven(evidence string) Step {
	out := Step{Hop: s.Hop}
	outweighed := s.Unjudged != ""
	for _, f := range s.Findings {
		switch f.Severity {
		case finding.Unknown:
			outweighed = true
			continue
		case finding.Error:
			outweighed = true
			f.Severity, f.Message = finding.Warning, f.Message+"; yet "+evidence
		}
		out.Findings = append(out.Findings, f)
	}
	inferred := s.Evidence
	out.evidence = func() []string {
		if seen := inferred(); !outweighed && len(seen) > 0 {
			return seen // it says enough
		}
		return append(slices.Clip(inferred()), evidence)
	}
	return out
}
