package report_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/kong-latency/kong-latency/internal/autoscale/scenario"
	"github.com/kong-latency/kong-latency/test/control/replay"
	"github.com/kong-latency/kong-latency/test/control/report"
	"github.com/kong-latency/kong-latency/test/control/settings"
	"github.com/kong-latency/kong-latency/test/control/workload"
)

// run has two rows, of which the first has steps and a plot.
func run(t *testing.T) report.Run {
	t.Helper()
	cases, err := settings.Named("slots4-steps-default,slots4-steps-cpu,slots4-missing-cpu")
	if err != nil {
		t.Fatal(err)
	}
	r := report.Run{Machine: "2 cores", Warmup: 10 * time.Minute, Duration: 20 * time.Minute, Latest: 40 * time.Millisecond}
	for i, c := range cases {
		result := report.Result{Case: c, Syncs: workload.Syncs{Mean: 2 * time.Second, Compared: 100, Deviations: make([]replay.Deviation, i)}}
		result.Result = scenario.Result{Over: 0.258, Lowest: 3, Highest: 20, Mean: 13.12, Fleet: 3.279, RescalesPerHour: 153.6}
		if len(c.Load.Steps) > 0 {
			result.Recoveries = []scenario.Recovery{{Kept: true, After: 90 * time.Second}, {}}
		}
		for at := time.Duration(0); at <= 30*time.Minute; at += 15 * time.Second {
			result.Course = append(result.Course, workload.Point{At: at, Replicas: int32(3 + i), Latency: time.Duration(1+i) * time.Hour})
		}
		r.Results = append(r.Results, result)
	}
	return r
}

func TestPage(t *testing.T) {
	page, err := run(t).Page("control")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"side by side on 2 cores, 7.5 times as fast",
		"| workload, load | default | cpu |\n|---|---|---|\n",
		"| 4 slots of 20 ms: 600, then 1,200, then 300 requests/s | 25.8 / 3.28 / 154 | 25.8 / 3.28 / 154 |\n",
		"| 4 slots of 20 ms: the wave of 60 minutes, metrics missing for 5 minutes of its rise |  | 25.8 / 3.28 / 154 |\n",
		"\n- `default`: kong-latency, nothing but a target.\n",
		"\n| setting | over the target | pods | mean | fleet | rescales/h | recovered |\n|---|---|---|---|---|---|---|\n| default | 25.8 % | 3…20 | 13.1 | 3.28 | 154 | 1m30s, never |\n",
		"\n| setting | over the target | pods | mean | fleet | rescales/h |\n|---|---|---|---|---|---|\n| cpu | 25.8 % | 3…20 | 13.1 | 3.28 | 154 |\n",
		"\n![pods and latency](control/slots4-steps.svg)\n",
		"read every 2s, of the slowest case every 2s",
		"of 300 decisions 3 differ",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
}

func TestPlots(t *testing.T) {
	plots, err := run(t).Plots()
	if err != nil {
		t.Fatal(err)
	}
	svg, ok := plots["slots4-steps.svg"]
	if len(plots) != 1 || !ok {
		t.Fatalf("%d plots, want that of the steps", len(plots))
	}
	// Ten times the target is cut off, and an hour of latency would be a large number.
	if text := string(svg); !strings.Contains(text, "latency in ms, at most 5") || strings.Contains(text, "3600000") {
		t.Error("the latency is not cut off")
	}
	for decoder := xml.NewDecoder(strings.NewReader(string(svg))); ; {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
