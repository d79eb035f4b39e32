package render

import (
	"strings"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// MaxNote is the most bytes that the API lets the note of an event have.
const MaxNote = 1024

// fixElsewhere ends what is said of a finding whose fix is too long to be said with it.
const fixElsewhere = "; 'kubectl latency doctor --fix' prints the fix"

// Note is what an event says of a finding: one line without YAML, which ends with the fix
// if that is words, and otherwise with where it is printed.
func Note(f finding.Finding) string {
	text := oneLine(f.Message)
	if f.Fix.IsZero() {
		return Clip(text)
	}
	if fix := "; to fix it: " + oneLine(Fix(f.Fix)); !f.Fix.IsManifest() && len(text)+len(fix) <= MaxNote {
		return text + fix
	}
	return clip(text, MaxNote-len(fixElsewhere)) + fixElsewhere
}

// Clip cuts text to what the note of an event may have, which the sentences in a status
// keep to as well.
func Clip(text string) string { return clip(text, MaxNote) }

func clip(text string, length int) string {
	if len(text) <= length {
		return text
	}
	return strings.ToValidUTF8(text[:length-len(ellipsis)], "") + ellipsis
}
