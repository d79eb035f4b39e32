package adapterconfig

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// Templates that may run forever or exhaust memory are not executed.
func TestTemplatesThatAreNotExecuted(t *testing.T) {
	for name, text := range map[string]string{
		"number range":         `<<range 1000000000>><<end>>`,
		"range over variable":  `<<$n := 1000000000>><<range $n>><<end>>`,
		"recursion":            `<<define "a">><<template "a">><<end>><<template "a">>`,
		"doubling text":        `<<$x := "aaaa">><<$x = print $x $x>>`,
		"doubling dot":         `<<with print . .>><<with print . .>><<end>><<end>>`,
		"padding":              `<<printf "%1000000d" 1>>`,
		"piped format":         `<<"%1000000d" | printf>>`,
		"changing variable":    `<<$x := "a">><<range .GroupBySlice>><<$x = printf "%s%s" $x $x>><<end>>`,
		"loops in loops":       `<<range .GroupBySlice>><<range $.GroupBySlice>><<range $.GroupBySlice>><<end>><<end>><<end>>`,
		"doubling by printf":   "<<$a := .Series>>" + strings.Repeat(`<<$a := printf "%s%s" $a $a>>`, 40),
		"includes in includes": includes(40),
		"method":               `<<with .>><<.WithVersion "x">><<end>><<call .Series>>`,
		"long text":            strings.Repeat("x", maxOutput+1),
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

// includes are templates each of which includes the next a hundred times.
func includes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `<<define "t%d">>%s<<end>>`, i, strings.Repeat(fmt.Sprintf(`<<template "t%d">>`, i+1), 100))
	}
	return b.String() + `<<define "t` + strconv.Itoa(n) + `">><<end>><<template "t0">>`
}

func TestBoundedTemplates(t *testing.T) {
	args := templateArgs{
		Series:            "x_sum",
		LabelMatchers:     `ns="a",svc="b"`,
		LabelValuesByName: map[string]string{"ns": "a", "svc": "b"},
		GroupBy:           "svc",
		GroupBySlice:      []string{"svc"},
	}
	for text, want := range map[string]string{
		`sum(rate(<<.Series>>{<<.LabelMatchers>>}[1m])) by (<<.GroupBy>>)`:           `sum(rate(x_sum{ns="a",svc="b"}[1m])) by (svc)`,
		`<<.GroupBySlice>> <<.LabelValuesByName>>`:                                   `[svc] map[ns:a svc:b]`,
		`x{<<range $k, $v := .LabelValuesByName>><<$k>>=<<printf "%q" $v>>,<<end>>}`: `x{ns="a",svc="b",}`,
		`sum by (<<range $i, $g := .GroupBySlice>><<if $i>>,<<end>><<$g>><<end>>)`:   `sum by (svc)`,
		`x{ns="<<index .LabelValuesByName "ns">>",pod="<<.LabelValuesByName.pod>>"}`: `x{ns="a",pod="<no value>"}`,
		`<<if eq .Series "x_sum">>a<<else>>b<<end>>`:                                 `a`,
		`<<$s := printf "%s_%s" "p" .Series>><<$s>> <<"x">> <<$.Series>>`:            `p_x_sum x x_sum`,
		`<<define "lm">><<.LabelMatchers>><<end>>x{<<template "lm" .>>}`:             `x{ns="a",svc="b"}`,
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
	for _, text := range []string{"<<.Nope>>", "<<.Series.Name>>"} {
		tmpl, err := parseTemplate("q", text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tmpl.execute(args); err == nil || errors.Is(err, ErrUndecided) {
			t.Errorf("%s: an unknown field fails for certain, got %v", text, err)
		}
	}
}
