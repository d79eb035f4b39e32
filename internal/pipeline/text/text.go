// Package text joins names to sentences.
package text

import (
	"fmt"
	"strings"
)

// Max is how many names a sentence lists.
const Max = 5

// Names lists names, and not all of a long list.
func Names(names []string) string { return First(names, len(names)) }

// First lists names of which there are total in all; the first at least up to
// maxNames are given.
func First(names []string, total int) string {
	switch {
	case total == 0:
		return "none"
	case total > Max:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:Max], ", "), total-Max)
	}
	return strings.Join(names, ", ")
}

// Join joins words to an enumeration: a, b and c.
func Join(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return fmt.Sprintf("%s and %s", strings.Join(words[:len(words)-1], ", "), words[len(words)-1])
}

// Cut is a text of at most that many bytes, and an ellipsis if more was there.
func Cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// OneLine makes one line of a text.
func OneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
