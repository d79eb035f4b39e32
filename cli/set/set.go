// Package set implements kubectl latency set and unset, which write the annotations of
// Deployments and Services.
package set

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kong-latency/kong-latency/cli/live"
	"github.com/kong-latency/kong-latency/cli/plugin"
	"github.com/kong-latency/kong-latency/internal/annotations"
)

const (
	setLong = `Write the annotations that enable autoscaling. They are checked before they are sent.

Annotations that no flag names are left unchanged. Warnings of the API server are
printed: they say what will be attached, and what keeps it from working.`

	setExamples = `  # Hold the latency of Deployment echo at 40 ms
  kubectl latency set deployment/echo --target-ms 40

  # Show what would change, with minimum and maximum replicas
  kubectl latency set deployment/echo --target-ms 40 --min 2 --max 20 --diff

  # Opt out of autoscaling by a policy
  kubectl latency set deployment/echo --target-ms off

  # Stop scaling in for a while
  kubectl latency set deployment/echo --paused=scale-in`

	unsetLong = `Remove annotations by their keys, which may be without "kong.latency/", or all of
them. Without target-ms the HorizontalPodAutoscaler is detached; the number of
replicas does not change.`

	unsetExamples = `  # Reset minimum and maximum replicas to the defaults
  kubectl latency unset deployment/echo min-replicas max-replicas

  # Detach and remove all settings
  kubectl latency unset deployment/echo --all`
)

// flag is the command line flag of a key.
type flag struct {
	name, key string
	// bare is the value if the flag has none; empty if it needs one.
	bare string
}

// flags are in the order of the help.
var flags = []flag{
	{name: "target-ms", key: annotations.TargetMS},
	{name: "min", key: annotations.MinReplicas},
	{name: "max", key: annotations.MaxReplicas},
	{name: "metric", key: annotations.Metric},
	{name: "behavior", key: annotations.Behavior},
	{name: "cpu", key: annotations.CPUUtilization},
	{name: "paused", key: annotations.Paused, bare: string(annotations.PauseAll)},
	{name: "service", key: annotations.Service},
	{name: "deployment", key: annotations.Deployment},
	{name: "adopt", key: annotations.Adopt},
	{name: "preserve-replicas", key: annotations.PreserveReplicas, bare: "true"},
}

// NewSetCommand returns the command set.
func NewSetCommand(p *plugin.Plugin) *cobra.Command {
	w := writer{plugin: p, verb: "annotated"}
	values := make([]string, len(flags))
	cmd := &cobra.Command{
		Use:               "set TYPE/NAME... --target-ms MS",
		Short:             "Write the annotations of Deployments or Services",
		Long:              setLong,
		Example:           setExamples,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: live.CompleteRefs(p, 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			refs, err := live.ParseRefs(args)
			if err != nil {
				return err
			}
			c := changes{}
			for i, f := range flags {
				if cmd.Flags().Changed(f.name) {
					c[f.key] = &values[i]
				}
			}
			if len(c) == 0 {
				return fmt.Errorf("nothing to set: set at least one of --%s", strings.Join(flagNames(), ", --"))
			}
			return w.write(cmd.Context(), refs, func(map[string]string) changes { return c })
		},
	}
	for i, f := range flags {
		addFlag(cmd.Flags(), &values[i], f)
	}
	w.addFlags(cmd.Flags())
	return cmd
}

// NewUnsetCommand returns the command unset.
func NewUnsetCommand(p *plugin.Plugin) *cobra.Command {
	w := writer{plugin: p, verb: "annotated"}
	all := false
	cmd := &cobra.Command{
		Use:               "unset TYPE/NAME... [KEY...]",
		Short:             "Remove the annotations of Deployments or Services",
		Long:              unsetLong,
		Example:           unsetExamples,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeUnset(p),
		RunE: func(cmd *cobra.Command, args []string) error {
			refs, keys, err := splitArgs(args)
			switch {
			case err != nil:
				return err
			case all && len(keys) > 0:
				return fmt.Errorf("--all removes all keys: leave out %s, or --all", strings.Join(keys, ", "))
			case !all && len(keys) == 0:
				return fmt.Errorf("nothing to remove: name keys, such as %s, or use --all", shortName(annotations.TargetMS))
			}
			return w.write(cmd.Context(), refs, func(have map[string]string) changes { return removal(have, keys, all) })
		},
	}
	cmd.Flags().BoolVar(&all, "all", all, "remove every annotation with the prefix kong.latency/, including unknown ones")
	w.addFlags(cmd.Flags())
	return cmd
}

func addFlag(fs *pflag.FlagSet, to *string, f flag) {
	i := slices.IndexFunc(annotations.Keys(), func(k annotations.Key) bool { return k.Name == f.key })
	key := annotations.Keys()[i]
	usage := shortName(f.key) + ": " + key.Value
	if len(key.Kinds) == 1 {
		usage += ", on a " + string(key.Kinds[0])
	}
	fs.StringVar(to, f.name, "", usage)
	fs.Lookup(f.name).NoOptDefVal = f.bare
}

func flagNames() []string {
	out := make([]string, len(flags))
	for i, f := range flags {
		out[i] = f.name
	}
	return out
}

func shortName(key string) string { return strings.TrimPrefix(key, annotations.Prefix) }

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
			if name := shortName(k.Name); !k.Written && !slices.Contains(args, name) {
				out = append(out, name)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}
