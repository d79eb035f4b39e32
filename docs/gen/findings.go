package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kong-latency/kong-latency/annotations"
	"github.com/kong-latency/kong-latency/controller"
	"github.com/kong-latency/kong-latency/finding"
	"github.com/kong-latency/kong-latency/pipeline"
	"github.com/kong-latency/kong-latency/policy"
	"github.com/kong-latency/kong-latency/target"
)

// reasons are all that the product declares.
func reasons() []*finding.Reason {
	return slices.Concat(
		annotations.Reasons(),
		target.Reasons(),
		policy.Reasons(),
		controller.Reasons(),
		pipeline.Reasons(),
	)
}

const findingsIntro = `# Findings

A finding is one thing that is wrong or noteworthy. It has a reason, which never
changes its name or meaning, the object that it is about, and a sentence that says
what is the matter with that object and what it needs. Where it can be put in YAML,
what mends it comes with the finding, ready for ` + "`kubectl apply`" + `.

You meet findings as warnings or as a refusal when you apply something, and as
events on the workload. Every reason has its section below.

Severities:

- **Error:** nothing is attached, or the metric cannot arrive or arrives wrong.
- **Warning:** autoscaling works, though perhaps not as intended.
- **Unknown:** it could not be found out. That never counts as a no, so nothing
  is refused for it.

Findings about the metric's way do not keep a HorizontalPodAutoscaler from being
attached. Without its metric it holds the size of the workload, and it works the
moment the metric arrives.`

// chapter is a part of the page.
type chapter struct {
	hop         finding.Hop
	title, text string
}

// chapters are in the order of the page: settings first, then the metric's way.
var chapters = []chapter{
	{"", "Settings, policies and pairing", "What the annotations ask for, what the policy makes of it, and which Deployment and Service belong together."},
	{finding.Extension, "Extension", "A DataPlaneMetricsExtension asks Kong Operator to measure the Service, and the Gateway's ControlPlane refers to it."},
	{finding.Route, "Route", "Requests reach the Service in a way in which its latency can be told from that of others."},
	{finding.ServiceMonitor, "Service monitor", "A ServiceMonitor has Prometheus scrape the metrics of Kong Operator, and the labels survive it."},
	{finding.Prometheus, "Prometheus", "A Prometheus takes that ServiceMonitor, and it is the one that the adapter asks."},
	{finding.AdapterRule, "Adapter rule", "A rule of prometheus-adapter makes the metric from the series of the Service."},
	{finding.MetricsAPI, "Metrics API", "The API server forwards requests for custom metrics to prometheus-adapter."},
	{finding.Series, "Series", "The autoscaler gets a value when it asks for the metric."},
}

// findingsPage is the page of these reasons. A reason that cannot be shown, or
// looked up by its name, is an error.
func findingsPage(all []*finding.Reason) (string, error) {
	if err := check(all); err != nil {
		return "", err
	}
	m := &markdown{}
	m.WriteString(generatedNote)
	m.line("%s", findingsIntro)
	for _, c := range chapters {
		c.write(m, of(all, c.hop))
	}
	return m.String(), nil
}

func check(all []*finding.Reason) error {
	var errs []error
	seen := map[string]bool{}
	for _, r := range all {
		switch {
		case seen[r.Name]:
			errs = append(errs, fmt.Errorf("reason %s is declared twice", r.Name))
		case r.Name == "" || r.Summary == "" || r.Fix == "":
			errs = append(errs, fmt.Errorf("reason %q needs a name, a summary and a fix", r.Name))
		case !slices.ContainsFunc(chapters, func(c chapter) bool { return c.hop == r.Hop }):
			errs = append(errs, fmt.Errorf("reason %s is on the hop %q, which has no chapter", r.Name, r.Hop))
		case severityRank(r) < 0:
			errs = append(errs, fmt.Errorf("reason %s has the severity %q, which the page does not explain", r.Name, r.Severity))
		}
		seen[r.Name] = true
	}
	return errors.Join(errs...)
}

func severityRank(r *finding.Reason) int {
	return slices.Index([]finding.Severity{finding.Error, finding.Warning, finding.Unknown}, r.Severity)
}

// of are the reasons on a hop, in the order in which findings are told.
func of(all []*finding.Reason, hop finding.Hop) []*finding.Reason {
	var out []*finding.Reason
	for _, r := range all {
		if r.Hop == hop {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *finding.Reason) int {
		return cmp.Or(cmp.Compare(severityRank(a), severityRank(b)), cmp.Compare(a.Name, b.Name))
	})
	return out
}

func (c chapter) write(m *markdown, reasons []*finding.Reason) {
	if len(reasons) == 0 {
		return
	}
	m.paragraph("## %s", c.title)
	m.paragraph("%s", c.text)
	if c.hop != "" {
		m.paragraph("Findings call this hop `%s`.", c.hop)
	}
	var rows [][]string
	for _, r := range reasons {
		// The heading's anchor is the same in every renderer: the name in lower case.
		rows = append(rows, []string{fmt.Sprintf("[%s](#%s)", r.Name, strings.ToLower(r.Name)), string(r.Severity)})
	}
	m.table([]string{"Reason", "Severity"}, rows)
	for _, r := range reasons {
		m.paragraph("### %s", r.Name)
		m.paragraph("%s", r.Summary)
		m.line("")
		m.line("- **Severity:** %s", r.Severity)
		m.line("- **Ends:** %s", ends(r))
		m.line("- **What mends it:** %s", r.Fix)
	}
}

func ends(r *finding.Reason) string {
	if r.Wait == finding.ForObject {
		return "by itself, when another object appears or goes"
	}
	return "when the object that it names is changed"
}
