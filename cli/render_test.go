package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kong-latency/kong-latency/cli/plugin"
)

func TestRenderOutput(t *testing.T) {
	app := filepath.Join("testdata", "render", "app.yaml")
	policy := filepath.Join("testdata", "render", "policy.yaml")
	for name, args := range map[string][]string{
		"hpa.yaml":            {app},
		"hpa.json":            {app, "-o", "json"},
		"policy.yaml":         {app, "--policy", policy},
		"with.yaml":           {app, "--with", "servicemonitor,extension,adapter-rule,adapter-values"},
		"objects.json":        {app, "--with", "servicemonitor,extension", "-o", "json"},
		"adapter-values.yaml": {app, "--only", "adapter-values"},
		"adapter-rule.json":   {app, "--only", "adapter-rule", "-o", "json"},
		"namespace.yaml":      {app, "-n", "shop", "--only", "extension"},
		"monitor.yaml":        {app, "-f", filepath.Join("testdata", "render", "platform.yaml"), "--only", "servicemonitor"},
	} {
		t.Run(name, func(t *testing.T) {
			goldenRun(t, "render-output/"+name, plugin.ExitClean, append([]string{"render"}, args...)...)
		})
	}
	// What cannot be attached is told, and does not keep the others from being printed.
	goldenRun(t, "render-output/findings.yaml", plugin.ExitFindings, "render", "-f", shop)
	goldenRun(t, "render-output/refused.txt", plugin.ExitFindings, "render", app, "--policy", filepath.Join("testdata", "render", "strict.yaml"))
	goldenRun(t, "render-output/policy-unknown.txt", plugin.ExitFindings, "render", app, "--policy", filepath.Join("testdata", "render", "team.yaml"))
}

// Standard input, by any of its two ways.
func TestRenderStandardInput(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "render", "app.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "render-output", "hpa.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"render", "-f", "-"}, {"render", "-"}} {
		if code, stdout, stderr := run(t, string(raw), args...); code != plugin.ExitClean || stdout != string(want) || stderr != "" {
			t.Errorf("%v: got %d, %q, %q", args, code, stdout, stderr)
		}
	}
}

func TestRenderNothing(t *testing.T) {
	code, stdout, stderr := run(t, "# nothing\n", "render", "-f", "-", "--with", "servicemonitor")
	if code != plugin.ExitClean || stdout != "" || stderr != "" {
		t.Errorf("got %d, %q, %q", code, stdout, stderr)
	}
}

func TestRenderCannotRun(t *testing.T) {
	app := filepath.Join("testdata", "render", "app.yaml")
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"nothing":      {nil, "nothing to read"},
		"part":         {[]string{app, "--with", "monitor"}, `there is no part "monitor": allowed are hpa, extension, servicemonitor, adapter-rule, adapter-values`},
		"format":       {[]string{app, "-o", "xml"}, `--output is "xml": allowed are yaml and json`},
		"both":         {[]string{app, "--with", "extension", "--only", "hpa"}, "use one of them"},
		"json of text": {[]string{app, "--with", "adapter-rule", "-o", "json"}, "print each by --only"},
		"policy":       {[]string{app, "--policy", "absent.yaml"}, "read absent.yaml: no such file or directory"},
		"two services": {[]string{app, filepath.Join("testdata", "render", "two-operators.yaml"), "--with", "servicemonitor"}, "name it in a LatencyPolicy, in spec.pipeline.operatorService"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := run(t, "", append([]string{"render"}, tt.args...)...)
			if code != plugin.ExitFailed || stdout != "" || !strings.Contains(stderr, tt.want) {
				t.Errorf("got %d, %q, %q", code, stdout, stderr)
			}
		})
	}
}
