// Package set is kubectl latency set: it writes the annotations of Deployments and
// Services.
package set

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
	long = `Write the annotations that enable autoscaling. They are checked before they are sent.

Annotations that no flag names are left unchanged. Warnings of the API server are
printed: they say what will be attached, and what keeps it from working.`

	examples = `  # Hold the latency of Deployment echo at 40 ms
  kubectl latency set deployment/echo --target-ms 40

  # Show what would change, with minimum and maximum replicas
  kubectl latency set deployment/echo --target-ms 40 --min 2 --max 20 --diff

  # Opt out of autoscaling by a policy
  kubectl latency set deployment/echo --target-ms off

  # Stop scaling in for a while
  kubectl latency set deployment/echo --paused=scale-in`
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
	{name: "statistic", key: annotations.Statistic},
	{name: "rps", key: annotations.RequestsPerSecondPerPod, bare: annotations.Auto},
	{name: "concurrency", key: annotations.ConcurrencyPerPod, bare: annotations.Auto},
	{name: "min", key: annotations.MinReplicas},
	{name: "max", key: annotations.MaxReplicas},
	{name: "metric", key: annotations.Metric},
	{name: "behavior", key: annotations.Behavior},
	{name: "cpu", key: annotations.CPUUtilization},
	{name: "on-no-effect", key: annotations.OnNoEffect},
	{name: "paused", key: annotations.Paused, bare: string(annotations.PauseAll)},
	{name: "service", key: annotations.Service},
	{name: "deployment", key: annotations.Deployment},
	{name: "adopt", key: annotations.Adopt},
	{name: "preserve-replicas", key: annotations.PreserveReplicas, bare: "true"},
}

// Options of the command.
type Options struct {
	// Writer writes the annotations.
	Writer annotate.Writer
	// Changes are the new values.
	Changes annotate.Changes

	values []string
	given  *pflag.FlagSet
	refs   []live.Ref
}

// NewCommand returns the command.
func NewCommand(p *plugin.Plugin) *cobra.Command {
	return plugin.Command(p, &Options{}, &cobra.Command{
		Use:               "set TYPE/NAME... --target-ms MS",
		Short:             "Write the annotations of Deployments or Services",
		Long:              long,
		Example:           examples,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: live.CompleteRefs(p, 0),
	})
}

// AddFlags adds a flag for each annotation.
func (o *Options) AddFlags(fs *pflag.FlagSet) {
	o.values, o.given = make([]string, len(flags)), fs
	for i, f := range flags {
		addFlag(fs, &o.values[i], f)
	}
	o.Writer.AddFlags(fs)
}

// Complete collects the objects and the flags that are given.
func (o *Options) Complete(p *plugin.Plugin, args []string) (err error) {
	o.Writer.Plugin = p
	if o.refs, err = live.ParseRefs(args); err != nil {
		return err
	}
	o.Changes = annotate.Changes{}
	for i, f := range flags {
		if o.given.Changed(f.name) {
			o.Changes[f.key] = &o.values[i]
		}
	}
	return nil
}

// Validate reports which options cannot be used.
func (o *Options) Validate() error {
	if len(o.Changes) == 0 {
		return fmt.Errorf("nothing to set: name at least one of --%s", strings.Join(flagNames(), ", --"))
	}
	return o.Writer.Validate()
}

// Run writes the annotations.
func (o *Options) Run(ctx context.Context) error {
	return o.Writer.Write(ctx, o.refs, func(map[string]string) annotate.Changes { return o.Changes })
}

func addFlag(fs *pflag.FlagSet, to *string, f flag) {
	i := slices.IndexFunc(annotations.Keys(), func(k annotations.Key) bool { return k.Name == f.key })
	key := annotations.Keys()[i]
	usage := annotate.ShortName(f.key) + ": " + key.Value
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
