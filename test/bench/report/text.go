package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/kong-latency/kong-latency/test/bench/measure"
)

// Print prints a row on a terminal.
func (r Row) Print(w io.Writer) {
	fmt.Fprintf(w, "\n%s: %s\n", r.Name, r.Title)
	if r.Against != "" {
		fmt.Fprintf(w, "  against %s\n", r.Against)
	}
	if r.Failed != "" {
		fmt.Fprintf(w, "  FAILED: %s\n", r.Failed)
		return
	}
	for _, cells := range r.cells() {
		fmt.Fprintf(w, "  %-52s %13s %13s  %-22s %-9s %-9s %s\n", cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6])
	}
	for _, g := range r.Graphs {
		fmt.Fprintf(w, "  %s\n", g.Title)
		for _, c := range g.Curves {
			fmt.Fprintf(w, "    %-40s", c.Name)
			for _, p := range c.Points {
				fmt.Fprintf(w, "  %d: %s", p.Size, withUnit(round(p.Value), g.Unit))
			}
			fmt.Fprintf(w, "  (%s)\n", c.growth())
		}
	}
	for _, p := range r.Profiles {
		fmt.Fprintf(w, "  %s\n", p)
	}
	if r.Missed() && r.Why != "" {
		fmt.Fprintf(w, "  %s\n", r.Why)
	}
}

// header names the columns of cells.
var header = []string{"", "kong-latency", "baseline", "ratio (spread)", "budget", "goal", ""}

// cells are the table of a row.
func (r Row) cells() [][]string {
	out := [][]string{header}
	for _, l := range r.Lines {
		median, least, most := l.Value()
		baseline, ratio := "", ""
		measured := withUnit(round(measure.Median(l.Measured)), l.Unit)
		if l.Compared() {
			baseline = withUnit(round(measure.Median(l.Baseline)), l.Unit)
			ratio = fmt.Sprintf("%.2f × (%.2f–%.2f)", median, least, most)
		} else if least != most {
			ratio = fmt.Sprintf("(%s–%s)", round(least), round(most))
		}
		verdict := string(l.Verdict())
		if l.Verdict() == Missed {
			verdict = strings.ToUpper(verdict)
			if l.Bound.Budget > 0 {
				verdict += " by " + percent(abs(median/l.Bound.Budget-1))
			}
		}
		out = append(out, []string{l.What, measured, baseline, ratio, l.bound(l.Bound.Budget), l.bound(l.Bound.Goal), verdict})
	}
	return out
}

// percent formats a fraction, with a decimal below one percent.
func percent(v float64) string {
	if v < 0.01 {
		return fmt.Sprintf("%.1f %%", 100*v)
	}
	return fmt.Sprintf("%.0f %%", 100*v)
}

func abs(v float64) float64 {
	if v < 0 {
		return -v
	}
	return v
}

// Page returns the whole report as Markdown. Graphs link to files in folder, which
// the caller writes.
func Page(rows []Row, machine, folder string) string {
	var b strings.Builder
	b.WriteString("# Speed and scale\n\n")
	b.WriteString("Written by `make bench`, all in one run; no figure is typed by hand.\n\n")
	fmt.Fprintf(&b, "Machine: %s. ", machine)
	b.WriteString("Both sides of a comparison run in turn, over HTTP/1.1. The figures are medians of the\n")
	b.WriteString("rounds; the ratio is the median of the rounds' ratios, followed by their minimum and\n")
	b.WriteString("maximum. The budget must be met, the goal is what is aimed for. Absolute times depend\n")
	b.WriteString("mostly on the machine; compare the ratios.\n")
	for _, r := range rows {
		r.markdown(&b, folder)
	}
	return b.String()
}

func (r Row) markdown(b *strings.Builder, folder string) {
	fmt.Fprintf(b, "\n## %s\n\n%s", r.Name, r.Title)
	if r.Against != "" {
		fmt.Fprintf(b, ", against %s", r.Against)
	}
	b.WriteString(".\n")
	if r.Failed != "" {
		fmt.Fprintf(b, "\nNot measured: %s.\n", r.Failed)
		return
	}
	if len(r.Lines) > 0 {
		b.WriteString("\n")
		for i, cells := range r.cells() {
			fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
			if i == 0 {
				b.WriteString("|" + strings.Repeat("---|", len(cells)) + "\n")
			}
		}
	}
	for _, g := range r.Graphs {
		fmt.Fprintf(b, "\n![%s](%s/%s)\n", g.Title, folder, g.File)
		g.table(b)
	}
	for _, p := range r.Profiles {
		fmt.Fprintf(b, "\n%s\n", p)
	}
	if r.Missed() && r.Why != "" {
		fmt.Fprintf(b, "\n%s\n", r.Why)
	}
}
