package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kong-latency/kong-latency/cli/plugin"
	"github.com/kong-latency/kong-latency/version"
)

func versionCommand(p *plugin.Plugin) *cobra.Command {
	var clientOnly bool
	cmd := &cobra.Command{
		Use:               "version",
		Short:             "Print the version of the plugin",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(p.Out, "Client Version: %s\n", version.String())
			return err
		},
	}
	cmd.Flags().BoolVar(&clientOnly, "client", false, "print the version of the plugin only, and ask no cluster")
	return cmd
}
