package finding

import (
	"fmt"
	"strings"
)

// MaxQuote is the most that a message quotes of a text that somebody else wrote, in bytes:
// annotations, regular expressions, conditions, answers of the API server.
const MaxQuote = 200

// Cut returns a text of at most MaxQuote bytes, with an ellipsis at the end if more was there.
func Cut(s string) string {
	if len(s) <= MaxQuote {
		return s
	}
	const ellipsis = "…"
	return strings.ToValidUTF8(s[:MaxQuote-len(ellipsis)], "") + ellipsis
}

// Quote returns the beginning of a text that somebody else wrote, as Cut does, in one line.
func Quote(s string) string { return Cut(strings.Join(strings.Fields(s), " ")) }

// Text is a text that is composed already, with its quotes cut. Sprintf leaves it whole.
type Text string

// Sprintf is fmt.Sprintf with every argument cut that is a text, or becomes one, other than
// a Text and the name of an Object.
func Sprintf(format string, args ...any) string {
	var out []any
	for i, arg := range args {
		whole := ""
		switch arg := arg.(type) {
		case Text, Object:
			continue
		case string:
			whole = arg
		case error:
			whole = arg.Error()
		case fmt.Stringer:
			whole = arg.String()
		}
		if len(whole) <= MaxQuote {
			continue
		}
		if out == nil {
			out = append(out, args...)
		}
		out[i] = Cut(whole)
	}
	if out == nil {
		out = args
	}
	return fmt.Sprintf(format, out...)
}

// message formats a message. One that is nothing but a text is composed already.
func message(format string, args []any) string {
	if format == "%s" {
		return fmt.Sprintf(format, args...)
	}
	return Sprintf(format, args...)
}
