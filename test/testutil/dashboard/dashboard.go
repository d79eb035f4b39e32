// Package dashboard reads a dashboard of Grafana: its panels, its variables and the
// queries that they make.
package dashboard

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Dashboard is the part of a dashboard's JSON that says what is shown.
type Dashboard struct {
	UID        string
	Panels     []Panel // and rows, each of which heads the panels after it
	Templating struct{ List []Variable }
	// Annotations are drawn over the panels that their filter names.
	Annotations struct{ List []Annotation }
}

// Panel is a panel, or a row, which has a title only.
type Panel struct {
	ID          int
	Type        string
	Title       string
	Description string
	GridPos     struct{ X, Y, W, H int }
	Targets     []Target
	FieldConfig struct {
		Defaults  Field
		Overrides []Override
	}
	Options struct {
		SortBy []Sort
		// TextMode is "value_and_name" for values that always have their names.
		TextMode string
	}
	Transformations []Transformation
}

// Target is one query of a panel.
type Target struct {
	RefID        string
	Expr         string
	LegendFormat string
	// Instant is true for a query of the present values, not of a range.
	Instant bool
}

// Field says how values are shown.
type Field struct {
	Unit    string
	NoValue string
	// Thresholds give the color of the last step whose value is not above the field's.
	Thresholds struct{ Steps []Step }
	Custom     struct{ LineInterpolation string }
}

// Step is the color of values from a value on; of all if it is nil.
type Step struct {
	Color string
	Value *float64
}

// Sort is the column by which a table is sorted.
type Sort struct {
	DisplayName string
	Desc        bool
}

// Override changes how the field of a name is shown.
type Override struct {
	Matcher    struct{ ID, Options string }
	Properties []struct {
		ID    string
		Value any
	}
}

// Transformation changes the table of a panel.
type Transformation struct {
	ID      string
	Options struct {
		ExcludeByName map[string]bool
		RenameByName  map[string]string
		IndexByName   map[string]int
	}
}

// Variable is a variable that the user, or another variable, sets.
type Variable struct {
	Name, Type string
	Query      any // a string, or an object with the string "query"
	// Hide is 2 for a variable that is not shown.
	Hide int
}

// Annotation is an event of a query.
type Annotation struct {
	Name, Expr, Step string
	Filter           struct{ IDs []int }
}

// Read reads a dashboard from a file.
func Read(file string) (*Dashboard, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	d := &Dashboard{}
	if err := json.Unmarshal(raw, d); err != nil {
		return nil, fmt.Errorf("decode %s: %w", file, err)
	}
	return d, nil
}

// Row is a row with its panels.
type Row struct {
	Title  string
	Panels []Panel
}

// Rows returns the rows in order.
func (d *Dashboard) Rows() []Row {
	var rows []Row
	for _, p := range d.Panels {
		if p.Type == "row" {
			rows = append(rows, Row{Title: p.Title})
			continue
		}
		if len(rows) == 0 {
			rows = append(rows, Row{})
		}
		last := &rows[len(rows)-1]
		last.Panels = append(last.Panels, p)
	}
	return rows
}

// Query is one query of the dashboard.
type Query struct {
	// Where is the panel and its query, the variable, or the annotation.
	Where string
	Expr  string
	// Instant is true for a query of the present values, not of a range.
	Instant bool
}

// Queries returns all queries in PromQL, those of variables first.
func (d *Dashboard) Queries() ([]Query, error) {
	var out []Query
	for _, v := range d.Templating.List {
		if v.Type != "query" {
			continue
		}
		expr, _, err := v.LabelValues()
		if err != nil {
			return nil, err
		}
		out = append(out, Query{"variable " + v.Name, expr, true})
	}
	for _, a := range d.Annotations.List {
		out = append(out, Query{"annotation " + a.Name, a.Expr, false})
	}
	for _, p := range d.Panels {
		for _, t := range p.Targets {
			out = append(out, Query{fmt.Sprintf("panel %s, query %s", p.Title, t.RefID), t.Expr, t.Instant})
		}
	}
	return out, nil
}

var labelValues = regexp.MustCompile(`^label_values\((.+), *([a-z_]+)\)$`)

// LabelValues returns the selector and the label of a variable that has the values of a
// label.
func (v Variable) LabelValues() (selector, label string, err error) {
	text, ok := v.Query.(string)
	if object, isObject := v.Query.(map[string]any); isObject {
		text, ok = object["query"].(string)
	}
	match := labelValues.FindStringSubmatch(text)
	if !ok || match == nil {
		return "", "", fmt.Errorf("variable %s: its query is not label_values(selector, label): %v", v.Name, v.Query)
	}
	return match[1], match[2], nil
}

// Expand replaces variables in a query by their values, as $name and ${name}.
func Expand(expr string, values map[string]string) string {
	return variable.ReplaceAllStringFunc(expr, func(use string) string {
		if value, ok := values[strings.Trim(use, "${}")]; ok {
			return value
		}
		return use
	})
}

var variable = regexp.MustCompile(`\$(\{\w+\}|\w+)`)
