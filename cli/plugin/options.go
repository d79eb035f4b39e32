package plugin

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Options is the shape that all commands share: each package of a command has a type of
// this name, and NewCommand makes the command of it.
type Options interface {
	// AddFlags adds the flags of the command.
	AddFlags(*pflag.FlagSet)
	// Complete fills in what the arguments and the surroundings of the command say.
	Complete(p *Plugin, args []string) error
	// Validate reports which options cannot be used.
	Validate() error
	// Run does the work. The error is ErrFindings if it found something wrong.
	Run(ctx context.Context) error
}

// Command completes a command: it gets the flags of its options, and runs them.
func Command(p *Plugin, o Options, cmd *cobra.Command) *cobra.Command {
	o.AddFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := o.Complete(p, args); err != nil {
			return err
		}
		if err := o.Validate(); err != nil {
			return err
		}
		return o.Run(cmd.Context())
	}
	return cmd
}

// CompleteValues completes a flag of which all values are known.
func CompleteValues(cmd *cobra.Command, flag string, values []string) {
	// The error is about a flag that does not exist, or is registered more than once.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}
