package adapterconfig

import (
	"errors"
	"strings"
	"testing"
)

func TestCostlyTemplatesAreNotExecuted(t *testing.T) {
	doubling := `<<define "z">><<end>>`
	for i := range 40 {
		name, next := string(rune('A'+i%26))+strings.Repeat("x", i/26), "z"
		if i > 0 {
			next = string(rune('A'+(i-1)%26)) + strings.Repeat("x", (i-1)/26)
		}
		doubling += `<<define "` + name + `">><<template "` + next + `">><<template "` + next + `">><<end>>`
	}
	costly := map[string]string{
		"number range":        `<<range 1000000000>><<end>>`,
		"range over variable": `<<$n := 1000000000>><<range $n>><<end>>`,
		"recursion":           `<<define "a">><<template "a">><<end>><<template "a">>`,
		"mutual recursion":    `<<define "a">><<template "b">><<end>><<define "b">><<template "a">><<end>><<template "a">>`,
		"doubling calls":      doubling + `<<template "Nx">>`,
		"doubling text":       `<<$x := "aaaa">><<$x = print $x $x>>`,
		"nested doubling":     `<<$x := "aaaa">><<$x = (print $x $x)>>`,
		"doubling dot":        `<<with print . .>><<with print . .>><<end>><<end>>`,
		"padding":             `<<printf "%1000000d" 1>>`,
		"star padding":        `<<printf "%*d" 1000000 1>>`,
		"indexed padding":     `<<printf "%[1]1000000d" 1>>`,
		"piped format":        `<<"%1000000d" | printf>>`,
		"format in field":     `<<printf .Series 1>>`,
		"nested ranges":       strings.Repeat(`<<range $.LabelValuesByName>>`, 5) + strings.Repeat(`<<end>>`, 5),
		"long text":           strings.Repeat("x", maxOutput+1),
	}
	for name, text := range costly {
		t.Run(name, func(t *testing.T) {
			tmpl, err := parseTemplate(name, text)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tmpl.execute(templateArgs{Series: "x"}); !errors.Is(err, ErrCostly) {
				t.Errorf("got %v, want %v", err, ErrCostly)
			}
		})
	}
}

func TestTemplatesInUse(t *testing.T) {
	args := templateArgs{
		Series:            "x_sum",
		LabelMatchers:     `ns="a",svc="b"`,
		LabelValuesByName: map[string]string{"ns": "a", "svc": "b"},
		GroupBy:           "svc",
		GroupBySlice:      []string{"svc"},
	}
	for text, want := range map[string]string{
		`sum(rate(<<.Series>>{<<.LabelMatchers>>}[1m])) by (<<.GroupBy>>)`:           `sum(rate(x_sum{ns="a",svc="b"}[1m])) by (svc)`,
		`x{<<range $k, $v := .LabelValuesByName>><<$k>>=<<printf "%q" $v>>,<<end>>}`: `x{ns="a",svc="b",}`,
		`x{ns="<<index .LabelValuesByName "ns">>"}`:                                  `x{ns="a"}`,
		`<<range .GroupBySlice>><<.>> <<end>>`:                                       `svc `,
		`<<if eq .Series "x_sum">>a<<else>>b<<end>>`:                                 `a`,
		`<<index .GroupBySlice 0>>`:                                                  `svc`,
		`{{ .Series }}`:                                                              `{{ .Series }}`,
		`<<.Series | printf "%s_%s" "p">>`:                                           `p_x_sum`,
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
}
