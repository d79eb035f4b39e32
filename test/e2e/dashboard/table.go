package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/kong-latency/kong-latency/test/testutil/dashboard"
)

// table is what a panel of the type table shows.
type table struct {
	columns []string
	rows    [][]cell
}

// cell is a label, or a value in the unit of its column.
type cell struct {
	text  string
	value float64
}

// table runs the queries of a panel, merges their rows by labels, and applies the order,
// the names and the units of the panel's fields.
func (v *view) table(ctx context.Context, p dashboard.Panel) (*table, error) {
	merged := map[string]map[string]cell{}
	columns := map[string]bool{}
	for _, t := range p.Targets {
		found, err := v.instant(ctx, t.Expr)
		if err != nil {
			return nil, err
		}
		value := "Value"
		if len(p.Targets) > 1 {
			value += " #" + t.RefID
		}
		for _, s := range found {
			key := s.Metric.String()
			if merged[key] == nil {
				merged[key] = map[string]cell{}
			}
			for name, label := range s.Metric {
				merged[key][string(name)] = cell{text: string(label)}
				columns[string(name)] = true
			}
			merged[key][value] = cell{value: float64(s.Value)}
			columns[value] = true
		}
	}
	out := &table{}
	fields := organized(p, columns)
	for _, f := range fields {
		out.columns = append(out.columns, f.shown)
	}
	for _, cells := range merged {
		var row []cell
		for _, f := range fields {
			c := cells[f.name]
			if strings.HasPrefix(f.name, "Value") {
				c.text = format(c.value, f.unit)
			}
			row = append(row, c)
		}
		out.rows = append(out.rows, row)
	}
	out.sort(p.Options.SortBy)
	return out, nil
}

// field is a column: its name in the result, the name that is shown, and its unit.
type field struct{ name, shown, unit string }

// organized are the fields that the panel shows, in its order.
func organized(p dashboard.Panel, columns map[string]bool) []field {
	var fields []field
	index := map[string]int{}
	for name := range columns {
		f := field{name, name, p.FieldConfig.Defaults.Unit}
		excluded := false
		for _, t := range p.Transformations {
			excluded = excluded || t.Options.ExcludeByName[name]
			f.shown = cmp.Or(t.Options.RenameByName[name], f.shown)
			if i, ok := t.Options.IndexByName[name]; ok {
				index[name] = i
			}
		}
		if unit, ok := override(p, f.shown, "unit").(string); ok {
			f.unit = unit
		}
		if !excluded {
			fields = append(fields, f)
		}
	}
	slices.SortFunc(fields, func(a, b field) int {
		return cmp.Or(cmp.Compare(index[a.name], index[b.name]), cmp.Compare(a.name, b.name))
	})
	return fields
}

// override returns a property that the panel overrides for a field, nil if it does not.
func override(p dashboard.Panel, field, property string) any {
	for _, o := range p.FieldConfig.Overrides {
		if o.Matcher.ID != "byName" || o.Matcher.Options != field {
			continue
		}
		for _, v := range o.Properties {
			if v.ID == property {
				return v.Value
			}
		}
	}
	return nil
}

// sort sorts by the panel's columns, and then by all from the first.
func (t *table) sort(by []dashboard.Sort) {
	slices.SortFunc(t.rows, func(a, b []cell) int {
		for _, s := range by {
			i := slices.Index(t.columns, s.DisplayName)
			if i < 0 {
				continue
			}
			c := cmp.Or(cmp.Compare(a[i].value, b[i].value), cmp.Compare(a[i].text, b[i].text))
			if s.Desc {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return slices.CompareFunc(a, b, func(a, b cell) int { return cmp.Compare(a.text, b.text) })
	})
}

// layout divides a width among the columns by their longest texts. Names are bold, so wider.
func (t *table) layout(width float64) (left, widths []float64) {
	sum := 0.0
	for i, name := range t.columns {
		longest := 1.2 * float64(len([]rune(name)))
		for _, row := range t.rows {
			longest = max(longest, float64(len([]rune(row[i].text))))
		}
		widths = append(widths, longest+2)
		sum += longest + 2
	}
	at := 0.0
	for i := range widths {
		widths[i] *= width / sum
		left = append(left, at)
		at += widths[i]
	}
	return left, widths
}

// legend is the name of a series by the legend format of its query.
func legend(format string, metric model.Metric) string {
	for name, value := range metric {
		format = strings.ReplaceAll(format, fmt.Sprintf("{{%s}}", name), string(value))
	}
	return format
}
