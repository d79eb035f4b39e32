package doctor

import (
	"fmt"
	"io"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/cli/plugin"
	"github.com/kong-latency/kong-latency/cli/term"
)

// text writes reports for people, and keeps the first error in doing so.
type text struct {
	out   io.Writer
	style term.Style
	// glyphs says that a state is one character, where it can be shown.
	glyphs bool
	err    error
}

func (t *text) line(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintln(t.out, strings.TrimRight(fmt.Sprintf(format, args...), " "))
	}
}

// The width of a hop's name.
const hopWidth = 16

func (t *text) reports(reports []Report) error {
	for i, r := range reports {
		if i > 0 {
			t.line("")
		}
		t.report(r)
	}
	return t.err
}

func (t *text) report(r Report) {
	t.line("%s", t.style.Strong(r.Object))
	if r.Plan != "" {
		t.line("%s", t.style.Faint(r.Plan))
	}
	if r.Observed != nil {
		t.line("%s", t.style.Faint("What you may not read is as the controller reported it, which last saw the autoscaler at "+instant(*r.Observed)))
	}
	t.line("")
	for _, h := range r.Hops {
		t.hop(h)
	}
	if r.Broken != "" {
		t.explain(r)
	}
}

// hop writes a hop: its state, and under it what there is to say.
func (t *text) hop(h Hop) {
	var says []string
	for _, f := range h.Findings {
		says = append(says, fmt.Sprintf("%s: %s: %s", f.Reason, f.Object, f.Message))
	}
	says = append(says, h.Evidence...)
	if len(says) == 0 {
		says = []string{"nothing is wrong"}
	}
	if h.ReportedBy != "" {
		note := "reported by the " + h.ReportedBy
		if h.Since != nil {
			note += ", since " + instant(*h.Since)
		}
		says = append(says, note)
	}
	state := t.state(h.State)
	t.line("%s %-*s %s", state, hopWidth, h.Hop, says[0])
	indent := strings.Repeat(" ", t.stateWidth()+hopWidth+2)
	for _, s := range says[1:] {
		t.line("%s%s", indent, s)
	}
}

// shown is how a state is shown: as a character, or as a word.
var shown = map[State]struct{ glyph, word string }{
	OK:      {"✓", "ok"},
	Broken:  {"✗", "FAIL"},
	Unknown: {"?", "?"},
	Warning: {"!", "warn"},
}

func (t *text) stateWidth() int {
	if t.glyphs {
		return 1
	}
	return len("FAIL")
}

func (t *text) state(s State) string {
	text := shown[s].word
	if t.glyphs {
		text = shown[s].glyph
	}
	pad := strings.Repeat(" ", max(0, t.stateWidth()-len([]rune(text))))
	switch s {
	case OK:
		text = t.style.Good(text)
	case Broken:
		text = t.style.Bad(text)
	default:
		text = t.style.Doubt(text)
	}
	return text + pad
}

// instant is a time as the API server writes it.
func instant(at metav1.Time) string { return at.UTC().Format(time.RFC3339) }

// explain says what the first broken hop means and how to fix it.
func (t *text) explain(r Report) {
	t.line("")
	t.line("%s", t.style.Strong("First broken hop: "+r.Broken))
	for _, f := range r.hop(r.Broken).Findings {
		t.line("")
		t.line("%s: %s", f.Reason, f.found.Reason.Summary)
		if f.Fix == "" {
			continue
		}
		t.line("")
		if len(f.found.Fix.Objects) > 0 {
			t.line("To fix it, apply what '%s doctor --fix' prints:", plugin.Name)
		} else {
			t.line("To fix it:")
		}
		t.line("")
		for l := range strings.Lines(f.Fix) {
			t.line("    %s", strings.TrimSuffix(l, "\n"))
		}
	}
}
