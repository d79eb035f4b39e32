// Package app is the command line of kong-latency and the wiring of its parts.
package app

import (
	"fmt"

	"github.com/spf13/cobra"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/kong-latency/kong-latency/internal/version"
)

// Command returns the root command. The functions change the options that have no flag.
func Command(set ...func(*Options)) *cobra.Command {
	root := &cobra.Command{
		Use:           "kong-latency",
		Short:         "Latency-based autoscaling from one annotation, for workloads behind Kong Gateway",
		SilenceUsage:  true,
		SilenceErrors: false,
		Args:          cobra.NoArgs,
	}
	root.AddCommand(
		runCommand("webhook", "Serve admission of annotated Deployments and Services", parts{webhook: true}, set),
		runCommand("controller", "Attach HorizontalPodAutoscalers to annotated workloads", parts{controller: true}, set),
		runCommand("all", "Run the webhook and the controller in one process, for small clusters", parts{webhook: true, controller: true}, set),
		&cobra.Command{
			Use:   "version",
			Short: "Print the version",
			Args:  cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), version.String())
				return err
			},
		},
	)
	return root
}

// parts says which of the two processes a command runs.
type parts struct{ webhook, controller bool }

func runCommand(use, short string, p parts, set []func(*Options)) *cobra.Command {
	o := DefaultOptions()
	for _, f := range set {
		f(o)
	}
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Complete(cmd.Flags().Changed("namespace"))
			if err := o.Validate(); err != nil {
				return err
			}
			ctrl.SetLogger(o.logger(cmd.ErrOrStderr()))
			config, err := o.restConfig()
			if err != nil {
				return err
			}
			return run(cmd.Context(), config, o, p)
		},
	}
	o.Common.AddFlags(cmd.Flags())
	if p.webhook {
		o.Webhook.AddFlags(cmd.Flags())
	}
	if p.controller {
		o.Controller.AddFlags(cmd.Flags())
	}
	return cmd
}
