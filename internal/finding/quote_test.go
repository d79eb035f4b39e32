package finding_test

import (
	"strings"
	"testing"

	"github.com/kong-latency/kong-latency/internal/finding"
)

func TestAtMost200BytesAreQuoted(t *testing.T) {
	for text, want := range map[string]string{
		"short":                               "short",
		"in two\n lines":                      "in two lines",
		strings.Repeat("x", finding.MaxQuote): strings.Repeat("x", finding.MaxQuote),
		strings.Repeat("ä", finding.MaxQuote): strings.Repeat("ä", 98) + "…",
	} {
		if got := finding.Quote(text); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
