package bound

import (
	"sync"

	"github.com/prometheus/prometheus/model/relabel"
)

// maxKept bounds the programs that Regexps keeps, in instructions: they need some ten
// megabytes.
const maxKept = 200_000

// Regexps compiles regular expressions as Prometheus does, each once. It is safe for
// concurrent use. Nil compiles each time.
type Regexps struct {
	mu   sync.RWMutex
	kept map[string]compiled
	size int
}

type compiled struct {
	regexp relabel.Regexp
	size   int
	err    error
}

// NewRegexps returns a Regexps that has compiled nothing yet.
func NewRegexps() *Regexps { return &Regexps{kept: map[string]compiled{}} }

// Compile returns the regular expression, anchored at both ends, and its size in
// instructions. The error is a *TooLarge if it must not be compiled.
func (r *Regexps) Compile(expr string) (relabel.Regexp, int, error) {
	if r == nil {
		c := compile(expr)
		return c.regexp, c.size, c.err
	}
	r.mu.RLock()
	c, ok := r.kept[expr]
	r.mu.RUnlock()
	if !ok {
		c = compile(expr)
		r.keep(expr, c)
	}
	return c.regexp, c.size, c.err
}

func (r *Regexps) keep(expr string, c compiled) {
	if len(expr) > MaxText {
		return
	}
	// What is not a program costs its text.
	cost := max(c.size, len(expr)/10, 10)
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.kept[expr]; !ok && r.size+cost <= maxKept {
		r.kept[expr], r.size = c, r.size+cost
	}
}

func compile(expr string) compiled {
	size, err := Size(anchored(expr))
	if err != nil {
		return compiled{err: err}
	}
	regexp, err := relabel.NewRegexp(expr)
	return compiled{regexp, size, err}
}
