// Package term makes text stand out, where it goes to a terminal.
package term

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Style colours text, or leaves it as it is. The zero value leaves it.
type Style struct{ on bool }

// Colored is a style that colours, whatever it is written to.
func Colored() Style { return Style{on: true} }

// StyleFor is the style of what is written to w: coloured only on a terminal that
// is not "dumb", and never if NO_COLOR is set to anything (https://no-color.org).
func StyleFor(w io.Writer, lookupEnv func(string) (string, bool)) Style {
	if value, _ := lookupEnv("NO_COLOR"); value != "" {
		return Style{}
	}
	if value, _ := lookupEnv("TERM"); value == "dumb" {
		return Style{}
	}
	return Style{on: IsTerminal(w)}
}

// IsTerminal tells whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Unicode tells whether w is a terminal that shows more than ASCII, by the locale.
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

// The colours, by what they are for.

// Good is for what works.
func (s Style) Good(text string) string { return s.paint("32", text) }

// Bad is for errors.
func (s Style) Bad(text string) string { return s.paint("31", text) }

// Doubt is for warnings and for what is not known.
func (s Style) Doubt(text string) string { return s.paint("33", text) }

// Strong is for what the eye should find first.
func (s Style) Strong(text string) string { return s.paint("1", text) }

// Faint is for what the eye may skip.
func (s Style) Faint(text string) string { return s.paint("2", text) }

func (s Style) paint(code, text string) string {
	if !s.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
