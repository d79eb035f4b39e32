package cli

import (
	"bytes"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kong-latency/kong-latency/cli/plugin"
)

// run runs a command line without any environment.
func run(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errOut bytes.Buffer
	streams := genericiooptions.IOStreams{In: strings.NewReader(stdin), Out: &out, ErrOut: &errOut}
	code = Run(t.Context(), args, streams, func(string) (string, bool) { return "", false })
	return code, out.String(), errOut.String()
}

// Mistakes in the command line are said on stderr alone, and end with 2.
func TestMistakesInTheCommandLine(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"docter"}, `unknown command "docter" for "kubectl latency"`},
		{[]string{"version", "--odd"}, "unknown flag: --odd\nSee 'kubectl latency version --help'"},
		{[]string{"version", "more"}, `unknown command "more" for "kubectl latency version"`},
	} {
		code, stdout, stderr := run(t, "", tt.args...)
		if code != plugin.ExitFailed || stdout != "" || !strings.HasPrefix(stderr, "error: "+tt.want) {
			t.Errorf("%v: got %d, %q, %q", tt.args, code, stdout, stderr)
		}
	}
}

// Every text shows the plugin as kubectl calls it.
func TestHelp(t *testing.T) {
	code, stdout, stderr := run(t, "", "--help")
	if code != plugin.ExitClean || stderr != "" || !strings.Contains(stdout, "kubectl latency [command]") {
		t.Errorf("got %d, %q, %q", code, stdout, stderr)
	}
	if _, stdout, _ := run(t, "", "options"); !strings.Contains(stdout, "--kubeconfig") || !strings.Contains(stdout, "--namespace") {
		t.Errorf("options: got %q", stdout)
	}
}
