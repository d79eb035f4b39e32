package main

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// picture is an SVG. Coordinates are in pixels from the top left.
type picture struct {
	width, height int
	body          strings.Builder
}

func (p *picture) String() string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="Helvetica, Arial, sans-serif">`+"\n%s</svg>\n",
		p.width, p.height, p.width, p.height, p.body.String())
}

func (p *picture) add(text string, args ...any) { fmt.Fprintf(&p.body, text+"\n", args...) }

func (p *picture) rect(x, y, w, h float64, fill, stroke string) {
	p.add(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="2" fill="%s" stroke="%s"/>`, x, y, w, h, fill, stroke)
}

func (p *picture) line(x1, y1, x2, y2 float64, stroke, dash string) {
	p.add(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-dasharray="%s"/>`, x1, y1, x2, y2, stroke, dash)
}

// path connects points.
func (p *picture) path(points [][2]float64, stroke, dash string) {
	p.add(`<path d="%s" fill="none" stroke="%s" stroke-width="1.5" stroke-dasharray="%s"/>`, connected(points), stroke, dash)
}

// band fills the area between two lines.
func (p *picture) band(upper, lower [][2]float64, fill string) {
	around := slices.Clone(lower)
	slices.Reverse(around)
	p.add(`<path d="%sZ" fill="%s" fill-opacity="0.08"/>`, connected(append(slices.Clone(upper), around...)), fill)
}

func connected(points [][2]float64) string {
	var d strings.Builder
	for i, at := range points {
		command := "L"
		if i == 0 {
			command = "M"
		}
		fmt.Fprintf(&d, "%s%.1f %.1f", command, at[0], at[1])
	}
	return d.String()
}

// style is how text is written.
type style struct {
	size   int
	fill   string
	anchor string // start, middle or end
	weight string
}

func (p *picture) text(x, y float64, s style, text string) {
	if text == "" {
		return
	}
	p.add(`<text x="%.1f" y="%.1f" font-size="%d" fill="%s" text-anchor="%s" font-weight="%s">%s</text>`,
		x, y, s.size, s.fill, s.anchor, s.weight, html.EscapeString(text))
}

// clip shortens text that is wider than a width, by the average width of its letters.
func clip(text string, width float64, size int) string {
	runes := []rune(text)
	fit := int(width / (float64(size) * 0.53))
	if len(runes) <= fit {
		return text
	}
	return string(runes[:max(fit-1, 0)]) + "…"
}
