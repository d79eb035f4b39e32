package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/kong-latency/kong-latency/test/testutil/dashboard"
)

// The size of a cell of Grafana's grid, and the space between panels, in pixels.
const (
	cellWidth, cellHeight = 46.0, 30.0
	gap                   = 4.0
	rowHeight             = 30.0
)

const (
	ink    = "#24292f"
	soft   = "#6e7781"
	border = "#d0d7de"
	red    = "#cf222e"
	blue   = "#0969da"
)

// palette are the colors of series, in order.
var palette = []string{"#1a7f37", "#bf8700", "#0969da", "#8250df", "#bc4c00", "#1b7c83", "#bf3989", "#57606a"}

// colors are those that the dashboard names.
var colors = map[string]string{"green": "#1a7f37", "orange": "#bc4c00", "red": red, "blue": blue}

// box is the area of a panel below its title.
type box struct{ x, y, w, h float64 }

// row draws a row of the dashboard, its queries run over the range of the view.
func (v *view) row(ctx context.Context, r dashboard.Row) (string, error) {
	top, bottom := 1<<30, 0
	for _, p := range r.Panels {
		top, bottom = min(top, p.GridPos.Y), max(bottom, p.GridPos.Y+p.GridPos.H)
	}
	pic := &picture{width: int(24*cellWidth + gap), height: int(float64(bottom-top)*cellHeight + rowHeight + gap)}
	pic.rect(0, 0, float64(pic.width), float64(pic.height), "#ffffff", "none")
	pic.text(8, 20, style{15, ink, "start", "bold"}, dashboard.Expand(r.Title, v.values))
	for _, p := range r.Panels {
		b := box{
			float64(p.GridPos.X)*cellWidth + gap, float64(p.GridPos.Y-top)*cellHeight + rowHeight,
			float64(p.GridPos.W)*cellWidth - gap, float64(p.GridPos.H)*cellHeight - gap,
		}
		pic.add("<g>")
		pic.rect(b.x, b.y, b.w, b.h, "#ffffff", border)
		pic.text(b.x+8, b.y+17, style{12, ink, "start", "bold"}, clip(p.Title, b.w-16, 12))
		inner := box{b.x + 8, b.y + 26, b.w - 16, b.h - 32}
		if err := v.panel(ctx, pic, p, inner); err != nil {
			return "", fmt.Errorf("draw panel %s: %w", p.Title, err)
		}
		pic.add("</g>")
	}
	return pic.String(), nil
}

func (v *view) panel(ctx context.Context, pic *picture, p dashboard.Panel, b box) error {
	switch p.Type {
	case "stat":
		return v.stat(ctx, pic, p, b)
	case "table":
		return v.drawTable(ctx, pic, p, b)
	case "timeseries":
		return v.timeseries(ctx, pic, p, b)
	}
	return fmt.Errorf("its type is %s", p.Type)
}

// nothing says that a panel has no data.
func nothing(pic *picture, p dashboard.Panel, b box) {
	text := p.FieldConfig.Defaults.NoValue
	if text == "" {
		text = "No data"
	}
	pic.text(b.x+b.w/2, b.y+b.h/2, style{12, soft, "middle", "normal"}, clip(text, b.w, 12))
}

// stat draws the values side by side, with their names if there are several or the panel
// says so.
func (v *view) stat(ctx context.Context, pic *picture, p dashboard.Panel, b box) error {
	type value struct {
		name   string
		number float64
	}
	var values []value
	for _, t := range p.Targets {
		found, err := v.instant(ctx, t.Expr)
		if err != nil {
			return err
		}
		slices.SortFunc(found, func(a, b *model.Sample) int { return strings.Compare(a.Metric.String(), b.Metric.String()) })
		for _, s := range found {
			values = append(values, value{legend(t.LegendFormat, s.Metric), float64(s.Value)})
		}
	}
	if len(values) == 0 {
		nothing(pic, p, b)
		return nil
	}
	width := b.w / float64(len(values))
	for i, s := range values {
		x := b.x + width*(float64(i)+0.5)
		y := b.y + b.h/2 + 8
		if len(values) > 1 || p.Options.TextMode == "value_and_name" {
			pic.text(x, y-28, style{12, soft, "middle", "normal"}, clip(s.name, width-4, 12))
		}
		pic.text(x, y, style{24, thresholdColor(p, s.number), "middle", "bold"}, format(s.number, p.FieldConfig.Defaults.Unit))
	}
	return nil
}

// thresholdColor is the color of a value by the panel's thresholds.
func thresholdColor(p dashboard.Panel, v float64) string {
	color := ink
	for _, s := range p.FieldConfig.Defaults.Thresholds.Steps {
		if s.Value == nil || v >= *s.Value {
			color = colors[s.Color]
		}
	}
	return color
}

// line height of tables and legends.
const lineHeight = 20.0

func (v *view) drawTable(ctx context.Context, pic *picture, p dashboard.Panel, b box) error {
	t, err := v.table(ctx, p)
	if err != nil {
		return err
	}
	if len(t.rows) == 0 {
		nothing(pic, p, b)
		return nil
	}
	left, widths := t.layout(b.w)
	for i, name := range t.columns {
		pic.text(b.x+left[i], b.y+12, style{11, soft, "start", "bold"}, clip(name, widths[i]-4, 11))
	}
	pic.line(b.x, b.y+17, b.x+b.w, b.y+17, border, "")
	for n, row := range t.rows {
		y := b.y + 32 + lineHeight*float64(n)
		if y > b.y+b.h {
			break
		}
		for i, c := range row {
			color := ink
			if override(p, t.columns[i], "links") != nil {
				color = blue
			}
			pic.text(b.x+left[i], y, style{11, color, "start", "normal"}, clip(c.text, widths[i]-4, 11))
		}
	}
	return nil
}
