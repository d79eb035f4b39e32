// Package report presents how well workloads were scaled, on a terminal and as a page with
// plots.
package report

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/kong-latency/kong-latency/internal/autoscale/scenario"
	"github.com/kong-latency/kong-latency/test/control/compressed"
	"github.com/kong-latency/kong-latency/test/control/settings"
	"github.com/kong-latency/kong-latency/test/control/workload"
)

// Result is what was measured of a case.
type Result struct {
	settings.Case
	scenario.Result
	Course []workload.Point
	Syncs  workload.Syncs
}

// Run is one run of the benchmark.
type Run struct {
	// Machine describes it.
	Machine string
	// Warmup and Duration are in compressed time.
	Warmup, Duration time.Duration
	// Latest is the longest real time by which a movement of the workloads came too late.
	Latest time.Duration
	// NotReady is what the product reported at the end of cases that are not scaled as they
	// should be, by their names.
	NotReady map[string]string
	// Results are those of the cases, in their order: those of a row follow each other.
	Results []Result
}

//go:embed page.md.tmpl
var page string

// Page returns the report as Markdown. Plots link to files in folder, see Plots.
func (r Run) Page(folder string) (string, error) {
	t, err := template.New("page").Funcs(template.FuncMap{
		"real": compressed.Real, "percent": percent, "recovery": recovery, "short": short,
	}).Parse(page)
	if err != nil {
		return "", fmt.Errorf("parse the page: %w", err)
	}
	var b strings.Builder
	if err := t.Execute(&b, view{Run: r, Folder: folder}); err != nil {
		return "", fmt.Errorf("write the page: %w", err)
	}
	return b.String(), nil
}

// view is what the page shows.
type view struct {
	Run
	Folder string
}

// Factor is how many times faster than the clock time passes.
func (view) Factor() float64 { return compressed.Factor }

// Target is the target of most rows.
func (view) Target() time.Duration { return scenario.Target }

// Row are the results of the settings for one plant under one load.
type Row struct {
	Plant   scenario.Plant
	Load    scenario.Load
	Results []Result
	// Plot is the name of the file with its plot; empty if there is none.
	Plot string
}

// Rows are the results by row.
func (r Run) Rows() []Row {
	var out []Row
	for _, result := range r.Results {
		if n := len(out); n == 0 || out[n-1].Results[0].Row() != result.Row() {
			out = append(out, Row{Plant: result.Plant, Load: result.Load})
			if plotted(result.Case) {
				out[n].Plot = result.Row() + ".svg"
			}
		}
		last := &out[len(out)-1]
		last.Results = append(last.Results, result)
	}
	return out
}

// Of returns the result of a setting; nil if it was not measured.
func (r Row) Of(setting string) *Result {
	for i := range r.Results {
		if r.Results[i].Setting.Name == setting {
			return &r.Results[i]
		}
	}
	return nil
}

// Settings are those that were measured.
func (r Run) Settings() []settings.Setting {
	return slices.DeleteFunc(settings.All(), func(s settings.Setting) bool {
		return !slices.ContainsFunc(r.Results, func(c Result) bool { return c.Setting.Name == s.Name })
	})
}

// Compared is the number of decisions that were compared with the pure algorithm, Differ
// how many of them differ.
func (r Run) Compared() (n int) {
	for _, result := range r.Results {
		n += result.Syncs.Compared
	}
	return n
}

// Differ is the number of decisions in which the pure algorithm and the controller differ.
func (r Run) Differ() (n int) {
	for _, result := range r.Results {
		n += len(result.Syncs.Deviations)
	}
	return n
}

// Every is the real time between two syncs of an autoscaler, and that of the slowest.
func (r Run) Every() (out struct{ Mean, Slowest time.Duration }) {
	var sum time.Duration
	for _, result := range r.Results {
		sum += result.Syncs.Mean
		out.Slowest = max(out.Slowest, result.Syncs.Mean)
	}
	if n := len(r.Results); n > 0 {
		out.Mean = (sum / time.Duration(n)).Round(time.Millisecond)
	}
	out.Slowest = out.Slowest.Round(time.Millisecond)
	return out
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

// short is a result in three figures.
func short(r *Result) string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf("%.1f / %.2f / %.0f", 100*r.Over, r.Fleet, r.RescalesPerHour)
}

// recovery says how long it took to recover from each step.
func recovery(list []scenario.Recovery) string {
	var out []string
	for _, r := range list {
		if r.Kept {
			out = append(out, r.After.Round(time.Second).String())
		} else {
			out = append(out, "never")
		}
	}
	return strings.Join(out, ", ")
}
