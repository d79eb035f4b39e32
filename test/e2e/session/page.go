package main

import (
	"errors"
	"regexp"
	"strings"
)

// The markers of the session in the page.
const (
	begin = "<!-- session: written by make docs-session -->\n"
	end   = "<!-- /session -->\n"
)

// replace replaces the session in the page.
func replace(page, session string) (string, error) {
	before, rest, ok := strings.Cut(page, begin)
	if !ok {
		return "", errors.New("it lacks the line " + strings.TrimSpace(begin))
	}
	_, after, ok := strings.Cut(rest, end)
	if !ok {
		return "", errors.New("it lacks the line " + strings.TrimSpace(end))
	}
	return before + begin + session + end + after, nil
}

// shown is the usual URL of a Prometheus with a forwarded port.
const shown = "http://localhost:9090"

// What differs between sessions, and its replacement. The echo server answers after 100
// ms, plus a little overhead.
var varying = []struct {
	pattern *regexp.Regexp
	shown   string
}{
	{regexp.MustCompile(`http://127\.0\.0\.1:\d+`), shown},
	{regexp.MustCompile(`\b10\d\.\d+\b`), "102.053"},
	{regexp.MustCompile(`\b10\d{4}m\b`), "102053m"},
	{regexp.MustCompile(`\b10\dms\b`), "102ms"},
	{regexp.MustCompile(`(?m)(\s)(?:\d+m)?\d+s(\s+annotation)`), "${1}45s${2}"},
}

// plain returns the output of a command with varying parts replaced.
func plain(output string) string {
	for _, v := range varying {
		output = v.pattern.ReplaceAllString(output, v.shown)
	}
	return output
}
