package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/reference"
)

const findingsIntro = `# Findings

A finding is one thing that is wrong or noteworthy. It has a reason, whose name and
meaning never change, the object that it is about, and a message that says what is
wrong with that object and what it needs. A fix that can be expressed as YAML is in
the denial of a request and in the output of ` + "`kubectl latency doctor --fix`" + `,
ready for ` + "`kubectl apply`" + `.

Findings appear as warnings or as a denial when you apply an object, and as events
on the workload, in one line each. Every reason has its section below.

Severities:

- **Error:** nothing is attached, or the metric cannot arrive or arrives wrong.
- **Warning:** autoscaling works, though perhaps not as intended.
- **Unknown:** it could not be determined. Nothing is refused for it.

Findings about the metric pipeline do not keep a HorizontalPodAutoscaler from being
attached. Without its metric it does not change the size of the workload, and it
works as soon as the metric arrives.`

// findingsPage returns the page of these reasons. A reason that cannot be shown, or
// looked up by its name, is an error.
func findingsPage(all []*finding.Reason) (string, error) {
	if err := check(all); err != nil {
		return "", err
	}
	m := &markdown{}
	m.WriteString(generatedNote)
	m.line("%s", findingsIntro)
	for _, c := range reference.Chapters() {
		writeChapter(m, c, c.Of(all))
	}
	return m.String(), nil
}

func check(all []*finding.Reason) error {
	var errs []error
	seen := map[string]bool{}
	for _, r := range all {
		switch {
		case seen[r.Name]:
			errs = append(errs, fmt.Errorf("reason %s is declared more than once", r.Name))
		case r.Name == "" || r.Summary == "" || r.Fix == "":
			errs = append(errs, fmt.Errorf("reason %q needs a name, a summary and a fix", r.Name))
		case !slices.ContainsFunc(reference.Chapters(), func(c reference.Chapter) bool { return c.Hop == r.Hop }):
			errs = append(errs, fmt.Errorf("reason %s is on the hop %q, which has no chapter", r.Name, r.Hop))
		case r.Severity.Rank() < 0:
			errs = append(errs, fmt.Errorf("reason %s has the severity %q, which the page does not explain", r.Name, r.Severity))
		}
		seen[r.Name] = true
	}
	return errors.Join(errs...)
}

func writeChapter(m *markdown, c reference.Chapter, reasons []*finding.Reason) {
	if len(reasons) == 0 {
		return
	}
	m.paragraph("## %s", c.Title)
	m.paragraph("%s", c.Text)
	if c.Hop != nil {
		m.paragraph("Findings call this hop `%s`.", c.Hop)
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
		m.line("- **Ends:** %s", reference.Ends(r))
		m.line("- **Fix:** %s", r.Fix)
	}
}
