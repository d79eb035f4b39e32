package render

import (
	"strings"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// MaxNote is the most bytes that the API lets the note of an event have.
const MaxNote = 1024

// Note is what an event says of a finding, with its fix if that fits.
func Note(f finding.Finding) string {
	if f.Fix.IsZero() {
		return Clip(f.Message)
	}
	fix := "\nTo fix it: " + Fix(f.Fix)
	if f.Fix.IsManifest() {
		fix = "\nTo fix it, apply:\n" + Fix(f.Fix)
	}
	if len(f.Message)+len(fix) <= MaxNote {
		return f.Message + fix
	}
	return Clip(f.Message)
}

// Clip cuts text to what the note of an event may have, which the sentences in a status
// keep to as well.
func Clip(text string) string { return clip(text, MaxNote) }

func clip(text string, bytes int) string {
	if len(text) <= bytes {
		return text
	}
	return strings.ToValidUTF8(text[:bytes-len(ellipsis)], "") + ellipsis
}
