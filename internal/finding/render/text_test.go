package render

import (
	"strings"
	"testing"

	"github.com/kong-latency/kong-latency/internal/finding"
)

func result(message string) Located {
	o := finding.Object{Kind: "Service", Namespace: "shop", Name: "cart"}
	r := &finding.Reason{Name: "InvalidAnnotation", Severity: finding.Error, Fix: "Correct it."}
	return Located{Finding: r.On(o, "%s", message), File: "a, b:c%.yaml", Line: 7, Text: "  x: y"}
}

// colors is a style of a terminal, and plainStyle that of a file.
type (
	colors     struct{}
	plainStyle struct{}
)

func color(code, s string) string { return "\x1b[" + code + "m" + s + "\x1b[0m" }

func (colors) Good(s string) string   { return color("32", s) }
func (colors) Bad(s string) string    { return color("31", s) }
func (colors) Doubt(s string) string  { return color("33", s) }
func (colors) Strong(s string) string { return color("1", s) }
func (colors) Faint(s string) string  { return color("2", s) }

func (plainStyle) Good(s string) string   { return s }
func (plainStyle) Bad(s string) string    { return s }
func (plainStyle) Doubt(s string) string  { return s }
func (plainStyle) Strong(s string) string { return s }
func (plainStyle) Faint(s string) string  { return s }

// Colour changes nothing but the colour.
func TestColoredText(t *testing.T) {
	results := []Located{result("it is wrong")}
	colored, plain := Text(results, colors{}), Text(results, plainStyle{})
	if !strings.Contains(colored, "\x1b[31merror\x1b[0m") {
		t.Errorf("an error is not red: %q", colored)
	}
	for _, code := range []string{"0", "1", "2", "31", "32", "33"} {
		colored = strings.ReplaceAll(colored, "\x1b["+code+"m", "")
	}
	if colored != plain {
		t.Errorf("got %q, want %q", colored, plain)
	}
}

// What a message says of its own object is not said twice.
func TestSentence(t *testing.T) {
	for message, want := range map[string]string{
		"it is wrong":                "Service shop/cart: it is wrong",
		"Service shop/cart is wrong": "Service shop/cart is wrong",
	} {
		f := result(message).Finding
		f.NamesObject = f.Message != "it is wrong"
		if got := about(f); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A workflow command is one line, whatever is in it.
func TestGitHubEscapes(t *testing.T) {
	got := GitHub([]Located{result("100% wrong\nindeed")})
	want := "::error file=a%2C b%3Ac%25.yaml,line=7,title=InvalidAnnotation::Service shop/cart: 100%25 wrong%0Aindeed%0AFix: "
	if !strings.HasPrefix(got, want) || strings.Count(got, "\n") != 1 {
		t.Errorf("got %q", got)
	}
}

func TestURI(t *testing.T) {
	for file, want := range map[string]string{
		"a/b c.yaml":              "a/b%20c.yaml",
		"/tmp/a.yaml":             "file:///tmp/a.yaml",
		"https://example/a.yaml":  "https://example/a.yaml",
		"stdin":                   "stdin",
		"../other/folder/a#b.yml": "../other/folder/a%23b.yml",
	} {
		if got := uriOf(file); got != want {
			t.Errorf("%s: got %q, want %q", file, got, want)
		}
	}
}
