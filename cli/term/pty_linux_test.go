package term

import (
	"os"
	"testing"
)

// On a terminal there are colours, unless NO_COLOR is set.
func TestColorsOnATerminal(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminal available: %v", err)
	}
	defer terminal.Close()
	for _, tt := range []struct {
		name, value string
		colored     bool
	}{
		{"", "", true},
		{"TERM", "xterm", true},
		{"TERM", "dumb", false},
		{"NO_COLOR", "1", false},
		{"NO_COLOR", "0", false},
		{"NO_COLOR", "", true}, // empty counts as not set
	} {
		lookup := func(name string) (string, bool) {
			if name == tt.name {
				return tt.value, true
			}
			return "", false
		}
		if got := StyleFor(terminal, lookup) == Colored(); got != tt.colored {
			t.Errorf("%s=%s: coloured is %v", tt.name, tt.value, got)
		}
	}
}
