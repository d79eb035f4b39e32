package term

import (
	"bytes"
	"os"
	"testing"
)

func none(string) (string, bool) { return "", false }

// Neither a buffer nor a file is a terminal.
func TestNoColorsOffATerminal(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := StyleFor(f, none).Bad("x"); got != "x" {
		t.Errorf("got %q", got)
	}
	if got := StyleFor(&bytes.Buffer{}, none).Bad("x"); got != "x" {
		t.Errorf("got %q", got)
	}
}

func TestColored(t *testing.T) {
	if got, want := Colored().Bad("x"), "\x1b[31mx\x1b[0m"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Colored().Strong(""); got != "" {
		t.Errorf("empty text in colour is %q, want it empty", got)
	}
}
