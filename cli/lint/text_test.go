package lint

import (
	"strings"
	"testing"

	"github.com/kong-latency/kong-latency/cli/term"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/cluster/files/manifests"
	"github.com/kong-latency/kong-latency/internal/finding"
)

func result(message string) Result {
	o := finding.Object{Kind: "Service", Namespace: "shop", Name: "cart"}
	return Result{annotations.InvalidAnnotation.On(o, "%s", message), manifests.Position{File: "a, b:c%.yaml", Line: 7, Text: "  x: y"}}
}

// Colour changes nothing but the colour.
func TestColoredText(t *testing.T) {
	results := []Result{result("it is wrong")}
	colored, plain := asText(results, term.Colored()), asText(results, term.Style{})
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
		"it is wrong":                 "Service shop/cart: it is wrong",
		"Service shop/cart is wrong":  "Service shop/cart is wrong",
		"Service shop/cart2 is wrong": "Service shop/cart: Service shop/cart2 is wrong",
	} {
		if got := sentence(result(message).Finding); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A workflow command is one line, whatever is in it.
func TestGitHubEscapes(t *testing.T) {
	got := asGitHub([]Result{result("100% wrong\nindeed")})
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
