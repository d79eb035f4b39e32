// Package cli implements kubectl latency: the root command, and what all commands
// share. Each command has its own package.
package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kong-latency/kong-latency/cli/doctor"
	"github.com/kong-latency/kong-latency/cli/explain"
	"github.com/kong-latency/kong-latency/cli/get"
	"github.com/kong-latency/kong-latency/cli/lint"
	"github.com/kong-latency/kong-latency/cli/plugin"
	"github.com/kong-latency/kong-latency/cli/render"
	"github.com/kong-latency/kong-latency/cli/set"
	"github.com/kong-latency/kong-latency/cli/unset"
	"github.com/kong-latency/kong-latency/cli/version"
)

const long = `Latency-based autoscaling from one annotation, for workloads behind Kong Gateway:
see what an annotation gives, check it, and find out what keeps it from working.`

// Run runs the command line args, without the name of the program, and returns
// the exit code.
func Run(ctx context.Context, args []string, streams genericiooptions.IOStreams, lookupEnv func(string) (string, bool)) int {
	p := plugin.New(streams, lookupEnv)
	root := NewCommand(p)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && !errors.Is(err, plugin.ErrFindings) {
		// If even this cannot be written, the exit code still reports it.
		_, _ = fmt.Fprintf(p.ErrOut, "error: %v\n", err)
	}
	return plugin.ExitCode(err)
}

// NewCommand returns the root command.
func NewCommand(p *plugin.Plugin) *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-latency",
		Short: "Latency-based autoscaling from one annotation",
		Long:  long,
		// Even if run standalone, texts show how it is called through kubectl.
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: plugin.Name},
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetIn(p.In)
	root.SetOut(p.Out)
	root.SetErr(p.ErrOut)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w\nSee '%s --help' for usage", err, cmd.CommandPath())
	})
	root.SetUsageTemplate(usageTemplate)
	p.Kube.AddFlags(root.PersistentFlags())

	root.AddGroup(
		&cobra.Group{ID: groupFiles, Title: "Before it is applied, without a cluster:"},
		&cobra.Group{ID: groupCluster, Title: "In a cluster:"},
	)
	addTo(root, groupFiles, render.NewCommand(p), lint.NewCommand(p), explain.NewCommand(p))
	addTo(root, groupCluster, doctor.NewCommand(p), get.NewCommand(p), set.NewCommand(p), unset.NewCommand(p))
	root.AddCommand(version.NewCommand(p), optionsCommand())
	return root
}

// The groups of commands in the help.
const (
	groupFiles   = "files"
	groupCluster = "cluster"
)

// addTo adds commands to a group of the root command.
func addTo(root *cobra.Command, group string, commands ...*cobra.Command) {
	for _, c := range commands {
		c.GroupID = group
		root.AddCommand(c)
	}
}
