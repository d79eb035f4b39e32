package adapterconfig

import (
	"errors"
	"strings"
	"testing"
)

// Templates that may run forever or exhaust memory are among those that are
// not executed.
func TestTemplatesThatAreNotExecuted(t *testing.T) {
	for name, text := range map[string]string{
		"number range":          `<<range 1000000000>><<end>>`,
		"range over variable":   `<<$n := 1000000000>><<range $n>><<end>>`,
		"range over collection": `x{<<range $k, $v := .LabelValuesByName>><<$k>>=<<printf "%q" $v>>,<<end>>}`,
		"recursion":             `<<define "a">><<template "a">><<end>><<template "a">>`,
		"doubling text":         `<<$x := "aaaa">><<$x = print $x $x>>`,
		"doubling dot":          `<<with print . .>><<with print . .>><<end>><<end>>`,
		"padding":               `<<printf "%1000000d" 1>>`,
		"piped format":          `<<"%1000000d" | printf>>`,
		"pipe":                  `<<.Series | printf "%s_%s" "p">>`,
		"function":              `x{ns="<<index .LabelValuesByName "ns">>"}`,
		"condition":             `<<if eq .Series "x_sum">>a<<else>>b<<end>>`,
		"field of a field":      `<<.Series.Name>>`,
		"dot":                   `<<.>>`,
		"root":                  `<<$.Series>>`,
		"literal":               `<<"x">>`,
		"long text":             strings.Repeat("x", maxOutput+1),
	} {
		t.Run(name, func(t *testing.T) {
			tmpl, err := parseTemplate(name, text)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tmpl.execute(templateArgs{Series: "x"}); !errors.Is(err, ErrUndecided) {
				t.Errorf("got %v, want %v", err, ErrUndecided)
			}
		})
	}
}

func TestPlainTemplates(t *testing.T) {
	args := templateArgs{
		Series:            "x_sum",
		LabelMatchers:     `ns="a",svc="b"`,
		LabelValuesByName: map[string]string{"ns": "a", "svc": "b"},
		GroupBy:           "svc",
		GroupBySlice:      []string{"svc"},
	}
	for text, want := range map[string]string{
		`sum(rate(<<.Series>>{<<.LabelMatchers>>}[1m])) by (<<.GroupBy>>)`: `sum(rate(x_sum{ns="a",svc="b"}[1m])) by (svc)`,
		`<<.GroupBySlice>> <<.LabelValuesByName>>`:                         `[svc] map[ns:a svc:b]`,
		"a <<- .Series ->> b":                   `ax_sumb`,
		`<<define "unused">><<end>><<.Series>>`: `x_sum`,
		`<</* comment */>>x`:                    `x`,
		`{{ .Series }}`:                         `{{ .Series }}`,
		``:                                      ``,
	} {
		tmpl, err := parseTemplate("q", text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := tmpl.execute(args)
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", text, got, err, want)
		}
	}
	tmpl, err := parseTemplate("q", "<<.Nope>>")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tmpl.execute(args); err == nil || errors.Is(err, ErrUndecided) {
		t.Errorf("an unknown field fails for certain, got %v", err)
	}
}
