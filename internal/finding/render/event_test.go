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
	if n := Note(finding.Finding{Message: "m", Fix: manifest("b")}); !strings.HasSuffix(n, "apply:\na: b\n") {
		t.Errorf("a fix that fits is left out: %q", n)
	}
}
