// Package bound limits what it costs to evaluate text that anybody in a cluster may
// write: the memory and the time of compiling a regular expression are estimated from its
// parsed form, before it is compiled. What is beyond the limits is not evaluated, and what
// depends on it is unknown.
package bound

import (
	"fmt"
	"regexp/syntax"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/strutil"
)

const (
	// MaxText is the longest regular expression that is parsed, in bytes. Parsing needs
	// some kilobytes for each byte at most: \pL alone is a list of 646 ranges.
	MaxText = 8 << 10
	// MaxProgram is the size of the largest program that is compiled, in instructions,
	// and of those of one object together: 5,000 instructions need about 200 KB. A list
	// of a hundred names of metrics has about 3,000.
	MaxProgram = 5_000
	// maxRanges is how many ranges of characters a regular expression may have.
	maxRanges = 20_000
)

// TooLarge is the error about text that is not evaluated because of what it would cost.
type TooLarge struct{ why string }

// NewTooLarge returns the error with a clause that says what is too much, and what is
// allowed.
func NewTooLarge(format string, args ...any) *TooLarge {
	return &TooLarge{why: fmt.Sprintf(format, args...)}
}

// Error implements error.
func (e *TooLarge) Error() string { return "too large to evaluate: " + e.why }

// Size returns the number of instructions that a regular expression is compiled to, or
// more. The error is a *TooLarge if it must not be compiled, and otherwise what the
// compiler would say.
func Size(expr string) (int, error) {
	if len(expr) > MaxText {
		return 0, NewTooLarge("the regular expression has %d bytes; at most %d are evaluated", len(expr), MaxText)
	}
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return 0, err
	}
	size, ranges := measure(tree)
	size += 2 // a program begins with a failure and ends with a match
	switch {
	case size > MaxProgram:
		return 0, NewTooLarge("the regular expression has %d instructions with its repetitions written out; at most %d are evaluated", size, MaxProgram)
	case ranges > maxRanges:
		return 0, NewTooLarge("the regular expression has %d ranges of characters; at most %d are evaluated", ranges, maxRanges)
	}
	return size, nil
}

// isSmall reports whether regular expressions in a text are within the limits whatever they
// are: without a counted repetition each byte makes three instructions at most. It spares
// nearly all queries the lexer.
func isSmall(text string) bool {
	if 3*len(text) > MaxProgram {
		return false
	}
	for i := 1; i < len(text); i++ {
		if text[i-1] == '{' && text[i] >= '0' && text[i] <= '9' {
			return false
		}
	}
	return true
}

// measure is the number of instructions of the program and of ranges of characters, as
// regexp/syntax would count them after writing out repetitions. A program of the parser's
// greatest size fits into the result.
func measure(re *syntax.Regexp) (size, ranges int) {
	ranges = len(re.Rune) / 2
	for _, sub := range re.Sub {
		s, r := measure(sub)
		size, ranges = size+s, ranges+r
	}
	switch re.Op {
	case syntax.OpLiteral:
		size, ranges = len(re.Rune), 0
	case syntax.OpCapture, syntax.OpStar, syntax.OpPlus, syntax.OpQuest:
		size += 2
	case syntax.OpAlternate:
		size += len(re.Sub)
	case syntax.OpRepeat:
		// x{2,5} is xx(x(x(x)?)?)?, x{2,} is xx+, and x{0,} is x*.
		most := max(re.Min, re.Max)
		if re.Max < 0 {
			most = max(re.Min, 1)
		}
		size = most*size + most - re.Min + 2
	}
	return max(size, 1), ranges
}

// anchored is a regular expression as Prometheus compiles it.
func anchored(expr string) string { return "^(?s:" + expr + ")$" }

// maxWord is the longest word of a list, in bytes.
const maxWord = 256

// isWords reports whether a regular expression is a list of words, which Prometheus looks up
// in a table instead of compiling it.
func isWords(expr string) bool {
	for word := range strings.SplitSeq(expr, "|") {
		if len(word) > maxWord || strings.ContainsFunc(word, func(r rune) bool {
			return r != '_' && r != ':' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		}) {
			return false
		}
	}
	return strings.Contains(expr, "|")
}

// Query returns the instructions of all regular expressions of a PromQL expression
// together: the parser compiles those of selectors, and label_replace its last string, of
// which all are counted. What cannot be compiled counts for nothing.
func Query(promql string) (int, error) {
	switch {
	case !strings.Contains(promql, "~") && !strings.Contains(promql, "label_replace"):
		return 0, nil
	case isSmall(promql):
		return len(promql), nil
	}
	lexer := parser.Lex(promql)
	total, before := 0, parser.ItemType(0)
	for {
		var item parser.Item
		lexer.NextItem(&item)
		literal := item.Typ == parser.STRING && before != parser.EQL && before != parser.NEQ
		matcher := before == parser.EQL_REGEX || before == parser.NEQ_REGEX
		before = item.Typ
		switch {
		case item.Typ == parser.EOF || item.Typ == parser.ERROR:
			return total, nil
		case !literal:
			continue
		}
		text, err := strutil.Unquote(item.Val)
		if err != nil {
			continue
		}
		size := strings.Count(text, "|")
		if !matcher || !isWords(text) {
			size, err = Size(anchored(text))
		}
		if large, ok := err.(*TooLarge); ok { //nolint:errorlint // Size wraps nothing
			return 0, large
		}
		if total += size; total > MaxProgram {
			return 0, NewTooLarge("the regular expressions of the query have more than %d instructions together", MaxProgram)
		}
	}
}
