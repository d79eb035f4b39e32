package cli

import (
	"strings"
	"testing"
)

// Values that are all known are completed, and nothing beside them.
func TestCompletion(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want []string // each begins a line
		not  string
	}{
		{[]string{"lint", "-o", ""}, []string{"human", "json", "sarif", "github"}, "yaml"},
		{[]string{"lint", "--fail-on", ""}, []string{"error", "warning", "never"}, ""},
		{[]string{"render", "-o", ""}, []string{"yaml", "json"}, "sarif"},
		{[]string{"render", "--with", ""}, []string{"extension", "servicemonitor", "adapter-rule", "adapter-values"}, "hpa"},
		{[]string{"render", "--only", ""}, []string{"hpa", "extension"}, ""},
		{[]string{"explain", ""}, []string{"NoServiceSelectsPods\t", "target-ms\t"}, "kong.latency/"},
		{[]string{"explain", "kong.latency/"}, []string{"kong.latency/target-ms\t"}, ""},
		{[]string{"explain", "target-ms", ""}, []string{":4"}, "NoService"},
		{[]string{""}, []string{"render\t", "lint\t", "explain\t", "version\t", "completion\t"}, ""},
	} {
		_, stdout, _ := run(t, "", append([]string{"__complete"}, tt.args...)...)
		for _, want := range tt.want {
			if !strings.Contains("\n"+stdout, "\n"+want) {
				t.Errorf("%v: %q is not in %q", tt.args, want, stdout)
			}
		}
		if tt.not != "" && strings.Contains("\n"+stdout, "\n"+tt.not) {
			t.Errorf("%v: %q is in %q", tt.args, tt.not, stdout)
		}
	}
}

// The scripts of the shells know the program by its file's name.
func TestCompletionOfShells(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if code, stdout, stderr := run(t, "", "completion", shell); code != 0 || !strings.Contains(stdout, "kubectl-latency") || stderr != "" {
			t.Errorf("%s: got %d, %q", shell, code, stderr)
		}
	}
}
