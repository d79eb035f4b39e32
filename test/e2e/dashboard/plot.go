package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/kong-latency/kong-latency/test/testutil/dashboard"
)

// curve is one series of a panel.
type curve struct {
	name        string
	color, dash string
	// below is the name of the series down to which the area is filled; empty for none.
	below  string
	points []model.SamplePair
}

// timeseries draws the series of a panel over the view's range, and the annotations.
func (v *view) timeseries(ctx context.Context, pic *picture, p dashboard.Panel, b box) error {
	curves, err := v.curves(ctx, p)
	if err != nil {
		return err
	}
	if len(curves) == 0 {
		nothing(pic, p, b)
		return nil
	}
	most := 0.0
	for _, c := range curves {
		for _, s := range c.points {
			most = max(most, float64(s.Value))
		}
	}
	step := tickStep(most, p.FieldConfig.Defaults.Unit)
	most = max(math.Ceil(most/step)*step, step)
	named := append(slices.Clone(curves), v.events(p)...)
	plot := box{b.x + 52, b.y + 2, b.w - 56, b.h - 26 - legendHeight(named, b)}
	x := func(t model.Time) float64 {
		return plot.x + plot.w*float64(t.Time().Sub(v.over.Start))/float64(v.over.End.Sub(v.over.Start))
	}
	y := func(value float64) float64 { return plot.y + plot.h*(1-value/most) }
	for tick := 0.0; tick <= most+step/2; tick += step {
		pic.line(plot.x, y(tick), plot.x+plot.w, y(tick), "#eaeef2", "")
		pic.text(plot.x-5, y(tick)+4, style{10, soft, "end", "normal"}, format(tick, p.FieldConfig.Defaults.Unit))
	}
	for at := v.over.Start; !at.After(v.over.End); at = at.Add(time.Minute) {
		pic.text(x(model.TimeFromUnixNano(at.UnixNano())), plot.y+plot.h+17, style{10, soft, "middle", "normal"},
			fmt.Sprintf("%.0f min", at.Sub(v.over.Start).Minutes()))
	}
	if err := v.annotate(ctx, pic, p, plot, x); err != nil {
		return err
	}
	line := func(c curve) (points [][2]float64) {
		for i, s := range c.points {
			if i > 0 && p.FieldConfig.Defaults.Custom.LineInterpolation == "stepAfter" {
				points = append(points, [2]float64{x(s.Timestamp), y(float64(c.points[i-1].Value))})
			}
			points = append(points, [2]float64{x(s.Timestamp), y(float64(s.Value))})
		}
		return points
	}
	for _, c := range curves {
		if i := slices.IndexFunc(curves, func(o curve) bool { return o.name == c.below }); i >= 0 {
			pic.band(line(c), line(curves[i]), c.color)
		}
	}
	for _, c := range curves {
		pic.path(line(c), c.color, c.dash)
	}
	drawLegend(pic, named, b)
	return nil
}

// curves are the series of all queries of a panel, sorted by name within a query.
func (v *view) curves(ctx context.Context, p dashboard.Panel) ([]curve, error) {
	var curves []curve
	for _, t := range p.Targets {
		found, err := v.ranged(ctx, t.Expr)
		if err != nil {
			return nil, err
		}
		var of []curve
		for _, s := range found {
			of = append(of, curve{name: legend(t.LegendFormat, s.Metric), points: s.Values})
		}
		slices.SortStableFunc(of, func(a, b curve) int { return strings.Compare(a.name, b.name) })
		curves = append(curves, of...)
	}
	for i := range curves {
		c := &curves[i]
		c.color = palette[i%len(palette)]
		if color, ok := override(p, c.name, "color").(map[string]any); ok {
			if named, ok := color["fixedColor"].(string); ok {
				c.color = colors[named]
			}
		}
		if override(p, c.name, "custom.lineStyle") != nil {
			c.dash = "6 4"
		}
		c.below, _ = override(p, c.name, "custom.fillBelowTo").(string)
	}
	return curves, nil
}

// annotate draws the events of the annotations that are for the panel.
func (v *view) annotate(ctx context.Context, pic *picture, p dashboard.Panel, plot box, x func(model.Time) float64) error {
	for _, a := range v.Annotations.List {
		if !slices.Contains(a.Filter.IDs, p.ID) {
			continue
		}
		step, err := time.ParseDuration(a.Step)
		if err != nil {
			return fmt.Errorf("read step of annotation %s: %w", a.Name, err)
		}
		coarse := *v
		coarse.over.Step = step
		found, err := coarse.ranged(ctx, a.Expr)
		if err != nil {
			return err
		}
		for _, s := range found {
			for _, event := range s.Values {
				at := x(event.Timestamp)
				pic.line(at, plot.y, at, plot.y+plot.h, blue, markerDash)
				pic.add(`<path d="M%.1f %.1fl-4 6h8z" fill="%s"/>`, at, plot.y+plot.h, blue)
			}
		}
	}
	return nil
}

// events are the names of the annotations of a panel, for its legend.
func (v *view) events(p dashboard.Panel) (names []curve) {
	for _, a := range v.Annotations.List {
		if slices.Contains(a.Filter.IDs, p.ID) {
			names = append(names, curve{name: a.Name, color: blue, dash: markerDash})
		}
	}
	return names
}

// markerDash is the dash of what marks an event.
const markerDash = "2 3"

// tickStep is 1, 2 or 5 times a power of ten, so that there are about four ticks. More than
// two minutes have steps of minutes.
func tickStep(most float64, unit string) float64 {
	if most <= 0 {
		return 1
	}
	if unit == "s" && most > 120 {
		return 60 * max(tickStep(most/60, ""), 1)
	}
	power := math.Pow(10, math.Floor(math.Log10(most/4)))
	for _, n := range []float64{1, 2, 5} {
		if most/(n*power) <= 5 {
			return n * power
		}
	}
	return 10 * power
}

// legendWidth is the width of a name in a legend.
func legendWidth(c curve) float64 { return float64(len([]rune(c.name)))*5.6 + 26 }

// places returns where the names are, from the top left of the legend, and its height.
func places(curves []curve, b box) (at [][2]float64, height float64) {
	const line = 15.0
	x, y := 0.0, 0.0
	for _, c := range curves {
		if x > 0 && x+legendWidth(c) > b.w {
			x, y = 0, y+line
		}
		at = append(at, [2]float64{x, y})
		x += legendWidth(c)
	}
	return at, y + line
}

func legendHeight(curves []curve, b box) float64 {
	_, height := places(curves, b)
	return height
}

func drawLegend(pic *picture, curves []curve, b box) {
	at, height := places(curves, b)
	top := b.y + b.h - height + 8
	for i, c := range curves {
		pic.line(b.x+at[i][0], top+at[i][1], b.x+at[i][0]+14, top+at[i][1], c.color, c.dash)
		pic.text(b.x+at[i][0]+18, top+at[i][1]+4, style{10, ink, "start", "normal"}, clip(c.name, b.w-20, 10))
	}
}
