package report_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/kong-latency/kong-latency/test/bench/measure"
	"github.com/kong-latency/kong-latency/test/bench/report"
)

func TestVerdict(t *testing.T) {
	tests := map[string]struct {
		line report.Line
		want report.Verdict
	}{
		"nothing to reach":  {report.Line{Measured: []float64{9}}, report.Unbounded},
		"ratio at the goal": {report.Line{Measured: []float64{11, 99, 11}, Baseline: []float64{10, 10, 10}, Bound: report.AtMost(1.4, 1.1)}, report.Goal},
		"ratio at the budget": {report.Line{Measured: []float64{14}, Baseline: []float64{10}, Bound: report.AtMost(1.4, 1.1)},
			report.Budget},
		"ratio above":        {report.Line{Measured: []float64{15}, Baseline: []float64{10}, Bound: report.AtMost(1.4, 1.1)}, report.Missed},
		"throughput below":   {report.Line{Measured: []float64{6}, Baseline: []float64{10}, Bound: report.AtLeast(0.7, 0.9)}, report.Missed},
		"throughput enough":  {report.Line{Measured: []float64{8}, Baseline: []float64{10}, Bound: report.AtLeast(0.7, 0.9)}, report.Budget},
		"one write too many": {report.Line{Measured: []float64{1.002}, Bound: report.Exactly(1)}, report.Missed},
		"no write at all":    {report.Line{Measured: []float64{0}, Bound: report.Exactly(0)}, report.Goal},
		"absolute":           {report.Line{Measured: []float64{100}, Unit: "MiB", Bound: report.AtMost(150, 80)}, report.Budget},
	}
	for name, tt := range tests {
		if got := tt.line.Verdict(); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

var row = report.Row{
	Name: "attach", Title: "from start until all are there", Against: "a bare client", Why: "Most of it is spent waiting.",
	Lines:    []report.Line{{What: "5,000 workloads", Unit: "s", Measured: []float64{15, 16}, Baseline: []float64{10, 10}, Bound: report.AtMost(1.3, 1.05)}},
	Profiles: []report.Profile{{Of: "the controller", Shares: []measure.Share{{Name: "waiting", Of: 0.123}, {Name: "writing", Of: 0.5}}}},
	Graphs: []report.Graph{{Title: "time & size", File: "attach.svg", Unit: "s", Curves: []report.Curve{
		{Name: "kong-latency", Points: []report.Point{{Size: 100, Value: 0.5}, {Size: 1000, Value: 5}}},
	}}},
}

func TestPage(t *testing.T) {
	page := report.Page([]report.Row{row, {Name: "broken", Title: "x", Failed: "no etcd"}}, "2 cores", "performance")
	for _, want := range []string{
		"Machine: 2 cores.",
		"from start until all are there, against a bare client.",
		"| 5,000 workloads | 15.5 s | 10.0 s | 1.55 × (1.50–1.60) | ≤ 1.3 × | ≤ 1.05 × | MISSED by 19 % |",
		"CPU time of the controller: waiting 12.3 %, writing 50.0 %.",
		"Most of it is spent waiting.",
		"![time & size](performance/attach.svg)",
		"| kong-latency | 0.500 s | 5.00 s | grows with size to the power of 1.00 |",
		"Not measured: no etcd.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
}

func TestSVGIsXML(t *testing.T) {
	decoder := xml.NewDecoder(strings.NewReader(row.Graphs[0].SVG()))
	elements := 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok {
			elements++
			for _, a := range start.Attr {
				if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
					t.Errorf("%s: %s is %s", start.Name.Local, a.Name.Local, a.Value)
				}
			}
		}
	}
	if elements == 0 {
		t.Error("nothing is drawn")
	}
}
