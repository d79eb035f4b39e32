// Package plugin is shared by the commands of kubectl latency: streams, kubectl's
// flags, and exit codes.
package plugin

import (
	"errors"
	"io"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kong-latency/kong-latency/cli/term"
)

// Name is the command line of the plugin, as used in texts.
const Name = "kubectl latency"

// Exit codes. They are documented in docs/cli.md and stable.
const (
	// ExitClean means that nothing is wrong.
	ExitClean = 0
	// ExitFindings means that the command did its work and found something wrong.
	ExitFindings = 1
	// ExitFailed means that the command could not do its work.
	ExitFailed = 2
)

// ErrFindings is returned by a command that did its work and has reported something
// wrong. It is never printed.
var ErrFindings = errors.New("there are findings")

// ExitCode returns the exit code of a command that ended with err.
func ExitCode(err error) int {
	switch {
	case err == nil:
		return ExitClean
	case errors.Is(err, ErrFindings):
		return ExitFindings
	default:
		return ExitFailed
	}
}

// Plugin is the environment of a command.
type Plugin struct {
	genericiooptions.IOStreams
	// Kube are kubectl's flags, which every command has: the kubeconfig, the context,
	// the namespace.
	Kube *genericclioptions.ConfigFlags
	// LookupEnv reads an environment variable, as os.LookupEnv does.
	LookupEnv func(string) (string, bool)
}

// New returns the environment of a program with these streams.
func New(streams genericiooptions.IOStreams, lookupEnv func(string) (string, bool)) *Plugin {
	return &Plugin{IOStreams: streams, Kube: genericclioptions.NewConfigFlags(true), LookupEnv: lookupEnv}
}

// Style returns the style of text that is written to w.
func (p *Plugin) Style(w io.Writer) term.Style { return term.StyleFor(w, p.LookupEnv) }

// OfflineNamespace returns the namespace of objects without one, for commands that
// work without a cluster: the value of -n, else default. No kubeconfig is read, so
// that the same files have the same result everywhere.
func (p *Plugin) OfflineNamespace() string {
	if p.Kube.Namespace != nil && *p.Kube.Namespace != "" {
		return *p.Kube.Namespace
	}
	return "default"
}
