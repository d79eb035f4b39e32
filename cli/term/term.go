// Package term styles text that is written to a terminal.
package term

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Style colours text, or leaves it as it is, as the zero value does.
type Style struct{ on bool }

// Colored returns a style that always colours.
func Colored() Style { return Style{on: true} }

// StyleFor returns the style of text that is written to w: coloured only on a terminal
// that is not "dumb", and never if NO_COLOR is set (https://no-color.org).
func StyleFor(w io.Writer, lookupEnv func(string) (string, bool)) Style {
	if value, _ := lookupEnv("NO_COLOR"); value != "" {
		return Style{}
	}
	if value, _ := lookupEnv("TERM"); value == "dumb" {
		return Style{}
	}
	return Style{on: IsTerminal(w)}
}

// IsTerminal reports whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Unicode reports whether w is a terminal whose locale supports more than ASCII.
func Unicode(w io.Writer, lookupEnv func(string) (string, bool)) bool {
	if !IsTerminal(w) {
		return false
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value, _ := lookupEnv(name); value != "" {
			return utf8Locale(value)
		}
	}
	return false
}

func utf8Locale(value string) bool {
	value = strings.ToLower(value)
	return strings.HasSuffix(value, "utf-8") || strings.HasSuffix(value, "utf8")
}

// The colours by purpose.

// Good styles what works.
func (s Style) Good(text string) string { return s.paint("32", text) }

// Bad styles errors.
func (s Style) Bad(text string) string { return s.paint("31", text) }

// Doubt styles warnings and unknowns.
func (s Style) Doubt(text string) string { return s.paint("33", text) }

// Strong emphasizes text.
func (s Style) Strong(text string) string { return s.paint("1", text) }

// Faint de-emphasizes text.
func (s Style) Faint(text string) string { return s.paint("2", text) }

func (s Style) paint(code, text string) string {
	if !s.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
