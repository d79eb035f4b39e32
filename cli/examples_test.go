package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kong-latency/kong-latency/cli/plugin"
)

// example is one line of the help that can be tried.
type example struct {
	line  string
	args  []string
	stdin string
}

// examplesOf are the examples of a command. Of what is piped only the part that is
// the plugin is run, on the sample.
func examplesOf(t *testing.T, cmd *cobra.Command, sample string) []example {
	t.Helper()
	var out []example
	for line := range strings.SplitSeq(cmd.Example, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		e := example{line: line}
		if _, rest, piped := strings.Cut(line, " | "); piped {
			line, e.stdin = rest, sample
		}
		rest, ok := strings.CutPrefix(line, plugin.Name+" ")
		if !ok {
			t.Errorf("%q does not begin with %s", line, plugin.Name)
			continue
		}
		e.args = strings.Fields(rest)
		out = append(out, e)
	}
	return out
}

// Every example in the help of a command that needs no cluster works as it stands,
// in the repository's folder.
func TestExamplesOfTheHelp(t *testing.T) {
	t.Chdir("..")
	sample, err := os.ReadFile(filepath.Join("config", "samples", "echo.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, cmd := range NewCommand(plugin.New(genericiooptions.NewTestIOStreamsDiscard(), os.LookupEnv)).Commands() {
		if cmd.GroupID != groupFiles {
			continue
		}
		if cmd.Example == "" || cmd.Long == "" {
			t.Errorf("%s: the help has no examples, or says nothing", cmd.Name())
		}
		for _, e := range examplesOf(t, cmd, string(sample)) {
			tried++
			if code, _, stderr := run(t, e.stdin, e.args...); code != plugin.ExitClean || stderr != "" {
				t.Errorf("%s: ends with %d: %s", e.line, code, stderr)
			}
		}
	}
	if tried < 10 {
		t.Errorf("tried only %d examples", tried)
	}
}
