package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/test/e2e/stack"
)

// written returns the output of a report that is not on a terminal, without times.
func written(t *testing.T, use func(*report)) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "out")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	use(newReport(file))
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`\d\d:\d\d|\b\d+ ms`).ReplaceAllString(string(text), "<t>")
}

func TestPlainReport(t *testing.T) {
	got := written(t, func(r *report) {
		if err := r.step("start it", func() (string, error) { return "it", nil }); err != nil {
			t.Error(err)
		}
		if err := r.step("break it", func() (string, error) { return "", errors.New("broken") }); err == nil {
			t.Error("a failed step went through")
		}
		r.command("kubectl get hpa", "NAME\necho\n")
		for range 3 { // the second and third come too soon
			r.now("live")
		}
		r.event("SuccessfulRescale", "New size: 3")
		r.summary("done")
	})
	want := `<t>  ✓ start it                              <t>   it

  $ kubectl get hpa
  NAME
  echo

<t>    live
<t>    SuccessfulRescale  New size: 3

Summary
  start it                                <t>   it
  in all                                  <t>

done
`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("report (-want +got):\n%s", d)
	}
}

func TestFailureSaysWhereToLook(t *testing.T) {
	failed := stack.At(stack.Rule, errors.New("no rule"))
	tests := map[string]struct {
		err  error
		want string
	}{
		"a component of its own": {
			&stack.LoggedError{Err: failed, Dir: "/tmp/logs", File: "adapter.log"},
			"  look at /tmp/logs/adapter.log; the other components' logs are beside it\n",
		},
		"no such component": {&stack.LoggedError{Err: failed, Dir: "/tmp/logs"}, "  the logs of all components are in /tmp/logs\n"},
		"no logs yet":       {failed, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want := "\n✗ failed at the hop \"adapter rule\": no rule\n" + tt.want
			if d := cmp.Diff(want, written(t, func(r *report) { r.failure(tt.err) })); d != "" {
				t.Errorf("report (-want +got):\n%s", d)
			}
		})
	}
}

func TestCut(t *testing.T) {
	tests := map[string]struct {
		width int
		want  string
	}{
		"as wide": {5, "3 → 7"}, "wider": {80, "3 → 7"}, "narrower": {3, "3 →"}, "nothing": {-2, ""},
	}
	for name, tt := range tests {
		if got := cut("3 → 7", tt.width); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{
		12 * time.Millisecond:   "12 ms",
		1300 * time.Millisecond: "1.3 s",
		83 * time.Second:        "83.0 s",
	} {
		if got := seconds(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
