package cli

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/cli/plugin"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/reference"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares text with a file of testdata, byte for byte.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-golden +got; rewrite with -update)\n%s", name, diff)
	}
}

// goldenRun runs a command line, which must end with the code, and compares what
// it writes to both streams.
func goldenRun(t *testing.T, name string, want int, args ...string) {
	t.Helper()
	code, stdout, stderr := run(t, "", args...)
	if code != want {
		t.Errorf("%v: ends with %d, not %d", args, code, want)
	}
	text := stdout
	if stderr != "" {
		text += "--- stderr\n" + stderr
	}
	golden(t, name, text)
}

func TestExplain(t *testing.T) {
	goldenRun(t, "explain/reason.txt", plugin.ExitClean, "explain", "serviceMonitorNotFound")
	goldenRun(t, "explain/annotation.txt", plugin.ExitClean, "explain", "kong.latency/target-ms")
	goldenRun(t, "explain/planned.txt", plugin.ExitClean, "explain", "preserve-replicas")
	goldenRun(t, "explain/typo-reason.txt", plugin.ExitFailed, "explain", "NoServiceSelectPods")
	goldenRun(t, "explain/typo-annotation.txt", plugin.ExitFailed, "explain", "targt-ms")
	goldenRun(t, "explain/unknown.txt", plugin.ExitFailed, "explain", "everything")
}

// Whatever is declared can be found by listing, and be explained.
func TestExplainKnowsEverything(t *testing.T) {
	_, list, _ := run(t, "", "explain")
	for _, r := range reference.Reasons() {
		if code, one, _ := run(t, "", "explain", r.Name); code != plugin.ExitClean || !strings.HasPrefix(one, r.Name+"\n") {
			t.Errorf("%s: got %d, %q", r.Name, code, one)
		}
		if !strings.Contains(list, "  "+r.Name+" ") {
			t.Errorf("%s is not listed", r.Name)
		}
	}
	for _, k := range annotations.Keys() {
		if code, one, _ := run(t, "", "explain", k.Name); code != plugin.ExitClean || !strings.HasPrefix(one, k.Name+"\n") {
			t.Errorf("%s: got %d, %q", k.Name, code, one)
		}
		if !strings.Contains(list, "  "+k.Name+" ") {
			t.Errorf("%s is not listed", k.Name)
		}
	}
}
