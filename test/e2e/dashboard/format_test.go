package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"

	"github.com/kong-latency/kong-latency/test/testutil/dashboard"
)

func TestFormat(t *testing.T) {
	for want, in := range map[string]struct {
		value float64
		unit  string
	}{
		"0":           {0, "short"},
		"4":           {4, "short"},
		"1235":        {1234.7, "short"},
		"0.333":       {1. / 3, "short"},
		"12.3 req/s":  {12.34, "reqps"},
		"0.05 ops/s":  {0.05, "ops"},
		"0 s":         {0, "s"},
		"60 ms":       {0.06, "s"},
		"41.7 ms":     {0.04168, "s"},
		"1.5 min":     {90, "s"},
		"89.9 days":   {89.93 * 86400, "s"},
		"1.23 s":      {1.2345, "s"},
		"-2 h":        {-7200, "s"},
		"100 req/s":   {100, "reqps"},
		"0.001 ops/s": {0.0009, "ops"},
	} {
		if got := format(in.value, in.unit); got != want {
			t.Errorf("%v %s: got %q, want %q", in.value, in.unit, got, want)
		}
	}
}

func TestTicks(t *testing.T) {
	for most, want := range map[float64]float64{0: 1, 0.2: 0.05, 4: 1, 10: 2, 11: 5, 190: 50, 1000: 200} {
		if got := tickStep(most, "reqps"); got != want {
			t.Errorf("up to %v: got %v, want %v", most, got, want)
		}
	}
	for most, want := range map[float64]float64{0.2: 0.05, 100: 20, 130: 60, 360: 120, 3000: 600} {
		if got := tickStep(most, "s"); got != want {
			t.Errorf("up to %v seconds: got %v, want %v", most, got, want)
		}
	}
}

func TestOrganized(t *testing.T) {
	p := dashboard.Panel{Transformations: []dashboard.Transformation{{}}}
	p.FieldConfig.Overrides = []dashboard.Override{{}}
	p.FieldConfig.Overrides[0].Matcher.ID, p.FieldConfig.Overrides[0].Matcher.Options = "byName", "latency"
	p.FieldConfig.Overrides[0].Properties = append(p.FieldConfig.Overrides[0].Properties, struct {
		ID    string
		Value any
	}{"unit", "s"})
	o := &p.Transformations[0].Options
	o.ExcludeByName, o.RenameByName = map[string]bool{"Time": true}, map[string]string{"Value #A": "latency"}
	o.IndexByName = map[string]int{"namespace": 0, "deployment": 1, "Value #A": 2}
	got := organized(p, map[string]bool{"deployment": true, "Value #A": true, "namespace": true, "Time": true})
	want := []field{{"namespace", "namespace", ""}, {"deployment", "deployment", ""}, {"Value #A", "latency", "s"}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(field{})); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestTableIsSorted(t *testing.T) {
	row := func(name string, v float64) []cell { return []cell{{text: name}, {value: v, text: "v"}} }
	table := table{[]string{"name", "latency"}, [][]cell{row("c", 1), row("b", 3), row("a", 1)}}
	table.sort([]dashboard.Sort{{DisplayName: "latency", Desc: true}})
	var got []string
	for _, r := range table.rows {
		got = append(got, r[0].text)
	}
	if d := cmp.Diff([]string{"b", "a", "c"}, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestLegend(t *testing.T) {
	got := legend("{{reason}} ({{severity}})", model.Metric{"reason": "Late", "severity": "Warning"})
	if want := "Late (Warning)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestColumnsFitTheirTexts(t *testing.T) {
	table := table{[]string{"name", "reason"}, [][]cell{{{text: "a"}, {text: "NoServiceSelectsPods"}}, {{text: "a-longer-name"}, {}}}}
	left, widths := table.layout(370)
	if d := cmp.Diff([]float64{0, 150}, left); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if d := cmp.Diff([]float64{150, 220}, widths); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}
