package render

import (
	"strings"
	"testing"

	"github.com/kong-latency/kong-latency/internal/finding"
)

func TestLongLinesAreCutAtACharacter(t *testing.T) {
	got := Warning("%s", strings.Repeat("ü", 300))
	if len(got) > MaxWarning || !strings.HasSuffix(got, "ü…") {
		t.Errorf("cut to %d bytes: %q", len(got), got)
	}
}

func TestWhereTheFixIsIsNeverCut(t *testing.T) {
	got := PipelineWarnings([]finding.Finding{
		(&finding.Reason{Name: "R"}).On(finding.Object{}, "%s", strings.Repeat("x", 400)).WithFix(finding.Fix{Insert: map[string]any{"a": "b"}}),
	})[0]
	if len(got) > MaxWarning || !strings.HasSuffix(got, "…; 'kubectl latency doctor --fix' prints the fix") {
		t.Errorf("cut to %d bytes: %q", len(got), got)
	}
}
