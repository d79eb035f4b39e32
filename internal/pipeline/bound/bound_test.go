package bound

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"
	"testing"
)

// hostile are regular expressions that need much more than their text.
var hostile = map[string]string{
	"a long text a thousand times": "(" + strings.Repeat("a", 3000) + "){1000}",
	"repetition of repetition":     "(((abcdefgh){10}){10}){10}",
	"at least":                     "(abcdef){1000,}",
	"up to":                        "(abcdef){0,1000}",
	"many classes":                 strings.Repeat(`\pL`, 500),
	"a long text":                  strings.Repeat("a", MaxText+1),
	"long alternation":             strings.Repeat("a?|b?|", 1300) + "c",
}

func TestHostileRegularExpressionsAreTooLarge(t *testing.T) {
	for name, expr := range hostile {
		var large *TooLarge
		if _, err := Size(expr); !errors.As(err, &large) {
			t.Errorf("%s: got %v", name, err)
		}
		if _, _, err := NewRegexps().Compile(expr); !errors.As(err, &large) {
			t.Errorf("%s: compiled, %v", name, err)
		}
		if _, err := Query(fmt.Sprintf("sum(rate(x{y=~%q}[1m]))", expr)); !errors.As(err, &large) {
			t.Errorf("%s: in a query, %v", name, err)
		}
	}
}

func TestOrdinaryRegularExpressionsAreEvaluated(t *testing.T) {
	for _, expr := range []string{
		"", "(.*)", "http|metrics", `kong_(upstream|kong)_latency_ms_(bucket|sum|count)`, "[0-9]{1,3}(\\.[0-9]{1,3}){3}",
		strings.Repeat("apiserver_request_duration_seconds_bucket|", 100) + "x", `\pL+`, "(?i)" + strings.Repeat("metric_", 100),
	} {
		if _, _, err := NewRegexps().Compile(expr); err != nil {
			t.Errorf("%q: %v", expr, err)
		}
	}
	if _, err := Query(fmt.Sprintf("{__name__=~%q}", strings.Repeat("a_name_of_a_metric|", 1500)+"x")); err != nil {
		t.Errorf("a long list of names: %v", err)
	}
	if _, err := Query(`label_replace(sum by (a) (rate(x{y=~"a|b"}[1m])), "service", "$1", "exported_service", "(.*)")`); err != nil {
		t.Error(err)
	}
}

func TestAMistakeIsNotTooLarge(t *testing.T) {
	var large *TooLarge
	if _, err := Size("(("); err == nil || errors.As(err, &large) {
		t.Errorf("got %v", err)
	}
}

func TestManyRegularExpressionsOfOneQueryAreTooLargeTogether(t *testing.T) {
	one := fmt.Sprintf("x{y=~%q}", strings.Repeat("a", MaxProgram/10))
	var large *TooLarge
	if _, err := Query(strings.Repeat(one+" or ", 20) + one); !errors.As(err, &large) {
		t.Errorf("got %v", err)
	}
}

func TestARegularExpressionIsCompiledOnce(t *testing.T) {
	r := NewRegexps()
	a, _, _ := r.Compile("a|b")
	b, _, _ := r.Compile("a|b")
	if a.Regexp != b.Regexp {
		t.Error("compiled twice")
	}
	for i := range 2 * maxKept / MaxProgram {
		if _, _, err := r.Compile(fmt.Sprint(i) + strings.Repeat("a", MaxProgram-20)); err != nil {
			t.Fatal(err)
		}
	}
	if r.size > maxKept {
		t.Errorf("keeps %d instructions", r.size)
	}
}

// What is accepted compiles to no more than was estimated, in the ways of Prometheus and
// of its adapter.
func FuzzSize(f *testing.F) {
	for _, expr := range hostile {
		f.Add(expr)
	}
	for _, expr := range []string{"", "a{2,5}", "(a|b)*?", "(?:a*)+", "[^a]{3,}", "(?i)ab|\\bx$", "x{0}", "(){0,}", "(a){0,}?", "(|a){3}", "(?s).", "(?-s:.){9}", "a|"} {
		f.Add(expr)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		for _, whole := range []string{anchored(expr), expr, "^" + expr + "$"} {
			size, err := Size(whole)
			if err != nil {
				continue
			}
			if size > MaxProgram {
				t.Fatalf("%d instructions are accepted", size)
			}
			tree, err := syntax.Parse(whole, syntax.Perl)
			if err != nil {
				t.Fatal(err)
			}
			program, err := syntax.Compile(tree.Simplify())
			if err != nil {
				t.Fatal(err)
			}
			if len(program.Inst) > size {
				t.Errorf("%q: estimated %d, compiled to %d", whole, size, len(program.Inst))
			}
		}
	})
}
