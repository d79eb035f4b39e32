package report

import (
	"fmt"
	"math"
	"strings"
)

// Graph shows cost by size on logarithmic axes: linear growth is a straight line of
// slope one.
type Graph struct {
	Title string
	// File is the name of the picture.
	File   string
	Unit   string
	Curves []Curve
}

// Curve is the cost of one thing by size.
type Curve struct {
	Name   string
	Points []Point
}

// Point is a cost at a size; both are positive.
type Point struct {
	Size  int
	Value float64
}

// growth describes the exponent of size by which the cost grows between the two
// largest sizes: 0 is constant, 1 is linear, more is worse.
func (c Curve) growth() string {
	if len(c.Points) < 2 {
		return ""
	}
	a, b := c.Points[len(c.Points)-2], c.Points[len(c.Points)-1]
	slope := math.Log(b.Value/a.Value) / math.Log(float64(b.Size)/float64(a.Size))
	return fmt.Sprintf("grows with size to the power of %.2f", slope)
}

func (g Graph) table(b *strings.Builder) {
	if len(g.Curves) == 0 {
		return
	}
	b.WriteString("\n| |")
	for _, p := range g.Curves[0].Points {
		fmt.Fprintf(b, " %d |", p.Size)
	}
	b.WriteString(" growth |\n|---|" + strings.Repeat("---|", len(g.Curves[0].Points)+1) + "\n")
	for _, c := range g.Curves {
		fmt.Fprintf(b, "| %s |", c.Name)
		for _, p := range c.Points {
			fmt.Fprintf(b, " %s |", withUnit(round(p.Value), g.Unit))
		}
		fmt.Fprintf(b, " %s |\n", c.growth())
	}
}

// The picture's dimensions, in pixels.
const (
	width, height        = 640, 360
	left, right          = 70, 190
	top, bottom          = 40, 40
	plotWidth            = width - left - right
	plotHeight           = height - top - bottom
	pointRadius          = 3
	legendStep, textSize = 18, 12
)

// colors are distinguishable for people with color blindness, too.
var colors = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"}

// SVG draws the graph.
func (g Graph) SVG() string {
	minX, maxX, minY, maxY := g.decades()
	x := func(v float64) float64 { return left + plotWidth*(math.Log10(v)-minX)/(maxX-minX) }
	y := func(v float64) float64 { return top + plotHeight*(maxY-math.Log10(v))/(maxY-minY) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="%d">`+"\n", width, height, textSize)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text x="%d" y="20" font-weight="bold">%s</text>`+"\n", left, escape(g.Title))
	for d := minX; d <= maxX; d++ {
		at := x(math.Pow(10, d))
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#ddd"/>`+"\n", at, top, at, top+plotHeight)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%g</text>`+"\n", at, height-bottom+16, math.Pow(10, d))
	}
	for d := minY; d <= maxY; d++ {
		at := y(math.Pow(10, d))
		fmt.Fprintf(&b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/>`+"\n", left, at, left+plotWidth, at)
		fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", left-6, at+4, withUnit(fmt.Sprintf("%g", math.Pow(10, d)), g.Unit))
	}
	for i, c := range g.Curves {
		color := colors[i%len(colors)]
		var line strings.Builder
		for _, p := range c.Points {
			fmt.Fprintf(&line, "%.1f,%.1f ", x(float64(p.Size)), y(p.Value))
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="%d" fill="%s"/>`+"\n", x(float64(p.Size)), y(p.Value), pointRadius, color)
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.TrimSpace(line.String()), color)
		fmt.Fprintf(&b, `<text x="%d" y="%d" fill="%s">%s</text>`+"\n", width-right+10, top+12+i*legendStep, color, escape(c.Name))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// decades are the powers of ten that the axes begin and end with.
func (g Graph) decades() (minX, maxX, minY, maxY float64) {
	minX, minY, maxX, maxY = math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, c := range g.Curves {
		for _, p := range c.Points {
			minX, maxX = min(minX, math.Log10(float64(p.Size))), max(maxX, math.Log10(float64(p.Size)))
			minY, maxY = min(minY, math.Log10(p.Value)), max(maxY, math.Log10(p.Value))
		}
	}
	ends := func(low, high float64) (float64, float64) {
		if math.IsInf(low, 0) || math.IsNaN(low) {
			return 0, 1
		}
		low, high = math.Floor(low), math.Ceil(high)
		return low, max(high, low+1)
	}
	minX, maxX = ends(minX, maxX)
	minY, maxY = ends(minY, maxY)
	return minX, maxX, minY, maxY
}

func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}
