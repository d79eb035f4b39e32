// Package unset is kubectl latency unset: it removes annotations of Deployments and
// Services.
package unset

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kong-latency/kong-latency/cli/annotate"
	"github.com/kong-latency/kong-latency/cli/live"
	"github.com/kong-latency/kong-latency/cli/plugin"
	"github.com/kong-latency/kong-latency/internal/annotations"
)

const (
	long = `Remove annotations by their keys, which may be without "kong.latency/", or all of
them. Without target-ms the HorizontalPodAutoscaler is detached; the number of
replicas does not change.`

	examples = `  # Reset minimum and maximum replicas to the defaults
  kubectl latency unset deployment/echo min-replicas max-replicas

  # Detach and remove all settings
  kubectl latency unset deployment/echo --all`
)

// Options of the command.
type Options struct {
	// Writer removes the annotations.
	Writer annotate.Writer
	// Keys are what to remove; All removes every key of the product.
	Keys []string
	All  bool

	refs []live.Ref
}

// NewCommand returns the command.
func NewCommand(p *plugin.Plugin) *cobra.Command {
	return plugin.Command(p, &Options{}, &cobra.Command{
		Use:               "unset TYPE/NAME... [KEY...]",
		Short:             "Remove the annotations of Deployments or Services",
		Long:              long,
		Example:           examples,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeUnset(p),
	})
}

// AddFlags adds the flags of the command.
func (o *Options) AddFlags(fs *pflag.FlagSet) {
	fs.BoolVar(&o.All, "all", false, "remove every annotation of kong-latency, unknown ones included")
	o.Writer.AddFlags(fs)
}

// Complete separates objects from keys.
func (o *Options) Complete(p *plugin.Plugin, args []string) (err error) {
	o.Writer.Plugin = p
	o.refs, o.Keys, err = splitArgs(args)
	return err
}

// Validate reports which options cannot be used.
func (o *Options) Validate() error {
	switch {
	case o.All && len(o.Keys) > 0:
		return fmt.Errorf("--all removes all keys: leave out %s, or --all", strings.Join(o.Keys, ", "))
	case !o.All && len(o.Keys) == 0:
		return fmt.Errorf("nothing to remove: name keys, such as %s, or give --all", annotate.ShortName(annotations.TargetMS))
	}
	return o.Writer.Validate()
}

// Run removes the annotations.
func (o *Options) Run(ctx context.Context) error {
	return o.Writer.Write(ctx, o.refs, func(have map[string]string) annotate.Changes {
		return annotate.Removal(have, o.Keys, o.All)
	})
}

// splitArgs separates objects from keys. An argument with a slash is an object, unless
// it is a full key.
func splitArgs(args []string) (refs []live.Ref, keys []string, err error) {
	for _, arg := range args {
		key := strings.TrimPrefix(arg, annotations.Prefix)
		if strings.Contains(key, "/") {
			ref, err := live.ParseRef(arg)
			if err != nil {
				return nil, nil, err
			}
			refs = append(refs, ref)
			continue
		}
		keys = append(keys, annotations.Prefix+key)
	}
	if len(refs) == 0 {
		return nil, nil, fmt.Errorf("%q names no object: it must be deployment/NAME or service/NAME", args[0])
	}
	return refs, keys, nil
}

func completeUnset(p *plugin.Plugin) cobra.CompletionFunc {
	objects := live.CompleteRefs(p, 1)
	return func(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return objects(cmd, args, toComplete)
		}
		var out []cobra.Completion
		for _, k := range annotations.Keys() {
			if name := annotate.ShortName(k.Name); !k.Written && !slices.Contains(args, name) {
				out = append(out, name)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}
