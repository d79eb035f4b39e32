package render

import (
	"strings"
	"testing"

	"github.com/kong-latency/kong-latency/internal/finding"
)

func TestNoteFitsIntoAnEvent(t *testing.T) {
	long := strings.Repeat("ü", MaxNote)
	manifest := func(text string) finding.Fix { return finding.Fix{Insert: map[string]any{"a": text}} }
	for _, f := range []finding.Finding{
		{Message: "short", Fix: finding.Fix{Summary: long}}, {Message: long}, {Message: "short", Fix: manifest(long)},
	} {
		if n := Note(f); len(n) > MaxNote || n == "" {
			t.Errorf("note has %d bytes", len(n))
		}
	}
}

// A note is one sentence: what can be applied is printed by the command line.
func TestNoteIsOneSentence(t *testing.T) {
	const elsewhere = "; 'kubectl latency doctor --fix' prints the fix"
	for name, tt := range map[string]struct {
		f    finding.Finding
		want string
	}{
		"no fix":     {finding.Finding{Message: "it is\n  broken"}, "it is broken"},
		"a sentence": {finding.Finding{Message: "m", Fix: finding.Fix{Summary: "do this", Notes: []string{"a\nb"}}}, "m; to fix it: do this a b"},
		"a manifest": {finding.Finding{Message: "m", Fix: finding.Fix{Summary: "apply", Insert: map[string]any{"a": "b"}}}, "m" + elsewhere},
		"a long fix": {finding.Finding{Message: "m", Fix: finding.Fix{Summary: strings.Repeat("x", MaxNote)}}, "m" + elsewhere},
	} {
		if got := Note(tt.f); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}
