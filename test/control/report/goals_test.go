package report_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/internal/autoscale/scenario"
	"github.com/kong-latency/kong-latency/test/control/report"
	"github.com/kong-latency/kong-latency/test/control/settings"
)

func TestMisses(t *testing.T) {
	row := func(load string, results map[string]scenario.Result) report.Row {
		cases, err := settings.Named("slots4-" + load)
		if err != nil {
			t.Fatal(err)
		}
		var r report.Run
		for _, c := range cases {
			if result, ok := results[c.Setting.Name]; ok {
				r.Results = append(r.Results, report.Result{Case: c, Result: result})
			}
		}
		return r.Rows()[0]
	}
	figures := func(over, fleet, rescales float64) scenario.Result {
		return scenario.Result{Over: over, Fleet: fleet, RescalesPerHour: rescales, Highest: 10}
	}
	good, bad := figures(0, 1.2, 0), figures(0.3, 2, 9)
	for name, tt := range map[string]struct {
		row  report.Row
		want []string
	}{
		"not measured":  {row("constant", map[string]scenario.Result{"cpu": bad}), nil},
		"reached":       {row("constant", map[string]scenario.Result{"default": good, "stable": bad}), nil},
		"waves rescale": {row("wave60", map[string]scenario.Result{"default": figures(0, 1, 9)}), nil},
		"constant": {row("constant", map[string]scenario.Result{"default": bad}), []string{
			"30.0 % of the requests are over the target, and at most 2.0 % should be",
			"the fleet is 2.00 times the smallest, and should be at most 1.4 times",
			"it is rescaled 9 times an hour, and should be at most 2 times",
		}},
		"fast": {row("steps", map[string]scenario.Result{"default": figures(0.1, 1.5, 0), "stable": figures(0.2, 1.4, 0), "cpu": figures(0.05, 1, 0)}), []string{
			"10.0 % of the requests are over the target, with `cpu` 5.0 %",
			"the fleet is 1.50 times the smallest, with `stable` 1.40 times",
		}},
		"nothing is fewer than none": {row("steps", map[string]scenario.Result{"default": good, "stable": figures(0, 1.5, 0)}), nil},
		"worse on both counts": {row("idle", map[string]scenario.Result{"default": bad, "stable": good}), []string{
			"it is worse than `stable` on both counts: 30.0 % and 2.00, with `stable` 0.0 % and 1.20",
		}},
		"slow": {row("slow", map[string]scenario.Result{"default": bad}), []string{
			"the fleet is 2.00 times what the load needs, and should be at most 1.5 times",
		}},
		"unattainable":        {row("unattainable", map[string]scenario.Result{"default": good}), nil},
		"runs to the maximum": {row("unattainable", map[string]scenario.Result{"default": {Highest: 20}}), []string{"it runs to the maximum of 20 pods"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.row.Misses()); diff != "" {
				t.Errorf("misses (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReasons(t *testing.T) {
	run := func(over float64, names ...string) (r report.Run) {
		for _, name := range names {
			cases, err := settings.Named("slots4-" + name + "-default")
			if err != nil {
				t.Fatal(err)
			}
			r.Results = append(r.Results, report.Result{Case: cases[0], Result: scenario.Result{Over: over, Fleet: 1.1, Highest: 4}})
		}
		return r
	}
	if got := run(0, "constant", "wave60").Reasons(); len(got) > 0 {
		t.Errorf("nothing was missed, and the reasons are %q", got)
	}
	got := run(0.5, "wave60", "constant").Reasons()
	if len(got) != 2 || !strings.Contains(got[0], "scale-in waits") || !strings.Contains(got[1], "No reason is known for what was missed under the load `constant`") {
		t.Errorf("the reasons are %q", got)
	}
}
