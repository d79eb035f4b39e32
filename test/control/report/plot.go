package report

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-analyze/charts"

	"github.com/kong-latency/kong-latency/internal/autoscale/scenario"
	"github.com/kong-latency/kong-latency/test/control/workload"
)

// plotted reports whether the row of a case has a plot.
func plotted(c interface{ Row() string }) bool {
	return slices.Contains([]string{
		"slots4-constant", "slots4-wave60", "slots4-steps", "slots4-spike", "slots4-slow", "slots4-idle", "slots1-wave60", "slots16-wave60",
	}, c.Row())
}

// curves are the settings that the plot of a row shows: more cannot be told apart.
var curves = []string{"default", "stable", "rate", "cpu"}

// pictures are plots of a row's first hour for README.md, by the names of their files: what
// happens on latency alone, and what happens by default.
var pictures = map[string]struct {
	row    string
	curves []string
}{
	"latency-alone.svg": {"slots4-constant", []string{"responsive", "stable"}},
	"by-default.svg":    {"slots4-constant", []string{"default"}},
}

const (
	plotWidth, plotHeight = 900, 560
	// every is the time between two points.
	every = 30 * time.Second
	// highest is the multiple of the target at which latencies are cut off.
	highest = 5
)

// Plots returns the plots by the names of their files, as SVG.
func (r Run) Plots() (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, row := range r.Rows() {
		if row.Plot == "" {
			continue
		}
		svg, err := row.plot(r.Warmup, r.Duration, curves)
		if err != nil {
			return nil, fmt.Errorf("plot %s: %w", row.Plot, err)
		}
		out[row.Plot] = svg
		for name, p := range pictures {
			if p.row != row.Results[0].Row() {
				continue
			}
			if out[name], err = row.plot(r.Warmup, min(r.Duration, time.Hour), p.curves); err != nil {
				return nil, fmt.Errorf("plot %s: %w", name, err)
			}
		}
	}
	return out, nil
}

// plot draws the pods above the latency, with some of the settings.
func (r Row) plot(from, lasts time.Duration, curves []string) ([]byte, error) {
	n := int(lasts/every) + 1
	labels := make([]string, n)
	smallest, target := make([]float64, n), make([]float64, n)
	for i := range n {
		at := time.Duration(i) * every
		labels[i] = strconv.Itoa(int(at.Minutes()))
		smallest[i] = float64(scenario.Smallest(r.Plant.Config, r.Load.Conditions(from+at), r.Load.Target))
		target[i] = milliseconds(r.Load.Target)
	}
	var names []string
	var pods, latencies [][]float64
	for _, name := range curves {
		result := r.Of(name)
		if result == nil {
			continue
		}
		names = append(names, name)
		pods = append(pods, sample(result.Course, from, n, func(p workload.Point) float64 { return float64(p.Replicas) }))
		latencies = append(latencies, sample(result.Course, from, n, func(p workload.Point) float64 {
			return min(milliseconds(p.Latency), highest*milliseconds(r.Load.Target))
		}))
	}
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: plotWidth, Height: plotHeight})
	p.FilledRect(0, 0, plotWidth, plotHeight, charts.ColorWhite, charts.ColorWhite, 0)
	for i, panel := range []struct {
		title  string
		names  []string
		values [][]float64
	}{
		{"pods", append(slices.Clone(names), "smallest"), append(pods, smallest)},
		{fmt.Sprintf("latency in ms, at most %d × the target", highest), append(slices.Clone(names), "target"), append(latencies, target)},
	} {
		o := charts.NewLineChartOptionWithData(panel.values)
		o.Title.Text = panel.title
		o.Title.FontStyle.FontSize, o.Legend.FontStyle.FontSize = 11, 10
		o.Legend.SeriesNames, o.Legend.Offset.Left = panel.names, charts.PositionRight
		o.XAxis.Labels, o.XAxis.LabelCount = labels, int(lasts/(10*time.Minute))+1
		o.LineStrokeWidth, o.Symbol.Shape = 1.2, charts.SymbolNone
		o.YAxis[0].Min = charts.Ptr(0.0)
		half := p.Child(charts.PainterBoxOption(charts.NewBox(0, i*plotHeight/2, plotWidth, (i+1)*plotHeight/2)))
		if err := half.LineChart(o); err != nil {
			return nil, err
		}
	}
	return p.Bytes()
}

// sample returns n values of a course from a time on.
func sample(course []workload.Point, from time.Duration, n int, of func(workload.Point) float64) []float64 {
	out := make([]float64, n)
	i := 0
	for k := range out {
		for i+1 < len(course) && course[i+1].At <= from+time.Duration(k)*every {
			i++
		}
		out[k] = of(course[i])
	}
	return out
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
