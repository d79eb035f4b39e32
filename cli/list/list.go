// Package list is kubectl latency get: which workloads are autoscaled, and how it
// stands with them.
package list

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kong-latency/kong-latency/cli/live"
	"github.com/kong-latency/kong-latency/cli/plugin"
	"github.com/kong-latency/kong-latency/internal/cluster"
)

const (
	long = `List the workloads that are autoscaled by latency, or ask for it, those that are
farthest over their target first.

NOW is the latency that the autoscaler saw last, REPLICAS how many it wants, AGE its
own. PIPELINE is ok if nothing is known to keep the metric from arriving; otherwise
it names the hop, and doctor explains it.`

	examples = `  # What is autoscaled in this namespace?
  kubectl latency get

  # In the whole cluster, with more columns, as it changes
  kubectl latency get -A -o wide -w

  # Explain whatever does not work
  kubectl latency get -o name | xargs kubectl latency doctor`

	// interval is between two looks at the workloads when they are watched.
	interval = 3 * time.Second
)

// options of the command.
type options struct {
	plugin        *plugin.Plugin
	allNamespaces bool
	watch         bool
	selector      string
	output        string
	noHeaders     bool
	flags         cluster.Flags
}

// NewCommand returns the command.
func NewCommand(p *plugin.Plugin) *cobra.Command {
	o := options{plugin: p}
	cmd := &cobra.Command{
		Use:               "get [TYPE/NAME...]",
		Aliases:           []string{"list", "ls"},
		Short:             "List autoscaled workloads",
		Long:              long,
		Example:           examples,
		ValidArgsFunction: live.CompleteRefs(p, 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), args)
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "list the workloads of all namespaces")
	fs.BoolVarP(&o.watch, "watch", "w", false, fmt.Sprintf("go on and print what changes, looking every %s", interval))
	fs.StringVarP(&o.selector, "selector", "l", "", "list Deployments with these labels only")
	fs.StringVarP(&o.output, "output", "o", "", "format: wide, json, yaml or name")
	fs.BoolVar(&o.noHeaders, "no-headers", false, "print no headers")
	o.flags.AddFlags(fs)
	return cmd
}

func (o *options) run(ctx context.Context, args []string) error {
	refs, err := live.ParseRefs(args)
	if err != nil {
		return err
	}
	where, err := o.flags.Options()
	if err != nil {
		return err
	}
	selector, err := labels.Parse(o.selector)
	if err != nil {
		return fmt.Errorf("--selector is %q: %w", o.selector, err)
	}
	printer, err := newPrinter(o)
	if err != nil {
		return err
	}
	c, err := live.Connect(o.plugin)
	if err != nil {
		return err
	}
	namespace := c.Namespace
	if o.allNamespaces {
		namespace = ""
	}
	keep := func(w live.Workload) bool {
		return selector.Matches(labels.Set(w.Deployment.Labels)) && (len(refs) == 0 || w.Named(refs))
	}
	read := func(ctx context.Context) ([]Row, error) {
		state, err := c.Read(ctx, namespace, where)
		if err != nil {
			return nil, err
		}
		return rows(state, keep, time.Now()), nil
	}
	first, err := read(ctx)
	if err != nil {
		return err
	}
	if len(first) == 0 && !o.watch {
		return o.none(namespace)
	}
	if err := printer.print(o.plugin.Out, first); err != nil || !o.watch {
		return err
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	w := watcher{read: read, print: func(r []Row) error { return printer.each(o.plugin.Out, r) }, warn: o.plugin.ErrOut}
	return w.run(ctx, ticker.C, first)
}

// none says on stderr that there is nothing to list, as kubectl does.
func (o *options) none(namespace string) error {
	if o.output == outputJSON || o.output == outputYAML {
		printer, err := newPrinter(o)
		if err != nil {
			return err
		}
		return printer.print(o.plugin.Out, nil)
	}
	where := "the cluster"
	if namespace != "" {
		where = "namespace " + namespace
	}
	_, err := fmt.Fprintf(o.plugin.ErrOut, "No workload of %s is autoscaled by latency, or requests it.\n", where)
	return err
}
