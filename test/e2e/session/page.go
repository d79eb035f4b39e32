package main

import (
	"errors"
	"regexp"
	"strings"
)

// The markers between which the page has the session.
const (
	begin = "<!-- session: written by make docs-session -->\n"
	end   = "<!-- /session -->\n"
)

// replace puts the session into the page.
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

// shown is where people have Prometheus when they forward its port.
const shown = "http://localhost:9090"

// What differs from one session to the next, and what is shown instead. The echo
// server answers after 100 ms, to which each request adds a little.
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

// plain is the output of a command without what varies.
func plain(output string) string {
	for _, v := range varying {
		output = v.pattern.ReplaceAllString(output, v.shown)
	}
	return output
}
