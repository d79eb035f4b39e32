// Package plugin is what the commands of kubectl latency share: their streams,
// kubectl's flags, and how they end.
package plugin

import (
	"errors"
	"io"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kong-latency/kong-latency/cli/term"
)

// Name is how people call the plugin, and so how its texts do.
const Name = "kubectl latency"

// Exit codes. They are promised in docs/cli.md.
const (
	// ExitClean says that there is nothing to complain about.
	ExitClean = 0
	// ExitFindings says that the command did its work and found something wrong.
	ExitFindings = 1
	// ExitFailed says that the command could not do its work.
	ExitFailed = 2
)

// ErrFindings ends a command that did its work and found something wrong, after
// it has said what. It is never printed.
var ErrFindings = errors.New("there are findings")

// ExitCode is the exit code of a command that ended with err.
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

// Plugin is what a command gets from its surroundings.
type Plugin struct {
	genericiooptions.IOStreams
	// Kube are kubectl's own flags, which hold for every command: the kubeconfig,
	// the context, the namespace.
	Kube *genericclioptions.ConfigFlags
	// LookupEnv reads an environment variable, as os.LookupEnv does.
	LookupEnv func(string) (string, bool)
}

// New returns the surroundings of a program with these streams.
func New(streams genericiooptions.IOStreams, lookupEnv func(string) (string, bool)) *Plugin {
	return &Plugin{IOStreams: streams, Kube: genericclioptions.NewConfigFlags(true), LookupEnv: lookupEnv}
}

// Style is how text for w is made to stand out.
func (p *Plugin) Style(w io.Writer) term.Style { return term.StyleFor(w, p.LookupEnv) }

// OfflineNamespace is the namespace of objects that name none, for commands that
// work without a cluster: what -n says, else default. No kubeconfig is read, so
// that the same files give the same answer everywhere.
func (p *Plugin) OfflineNamespace() string {
	if p.Kube.Namespace != nil && *p.Kube.Namespace != "" {
		return *p.Kube.Namespace
	}
	return "default"
}
