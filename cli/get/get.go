// Package get is kubectl latency get: which workloads are autoscaled, and how they are
// doing.
package get

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kong-latency/kong-latency/cli/live"
	"github.com/kong-latency/kong-latency/cli/plugin"
	"github.com/kong-latency/kong-latency/internal/cluster/watch"
)

const (
	long = `List the workloads that are enabled or autoscaled by latency, those that are farthest
over their target first.

NOW is the latency that the autoscaler saw last, REPLICAS the desired number, AGE the
autoscaler's age. PIPELINE is ok if nothing is known to keep the metric from arriving;
otherwise it names the hop, and doctor explains it. Of what you may not read it shows
what the controller reported in the workload's LatencyAutoscaler.`

	examples = `  # What is autoscaled in this namespace?
  kubectl latency get

  # In the whole cluster, with more columns, as it changes
  kubectl latency get -A -o wide -w

  # Diagnose all of them
  kubectl latency get -o name | xargs kubectl latency doctor`

	// interval is the time between two reads when watching.
	interval = 3 * time.Second
)

// Options of the command.
type Options struct {
	// AllNamespaces lists the workloads of all namespaces.
	AllNamespaces bool
	// Watch goes on and prints what changes.
	Watch bool
	// Selector is a label selector of Deployments.
	Selector string
	// Output is one of the formats.
	Output string
	// NoHeaders leaves out the headers of the table.
	NoHeaders bool
	// Pipeline says where the parts of the metric pipeline are.
	Pipeline watch.Flags

	plugin   *plugin.Plugin
	refs     []live.Ref
	selector labels.Selector
}

// NewCommand returns the command.
func NewCommand(p *plugin.Plugin) *cobra.Command {
	return plugin.Command(p, &Options{}, &cobra.Command{
		Use:               "get [TYPE/NAME...]",
		Aliases:           []string{"list", "ls"},
		Short:             "List autoscaled workloads",
		Long:              long,
		Example:           examples,
		ValidArgsFunction: live.CompleteRefs(p, 0),
	})
}

// AddFlags adds the flags of the command.
func (o *Options) AddFlags(fs *pflag.FlagSet) {
	fs.BoolVarP(&o.AllNamespaces, "all-namespaces", "A", false, "list the workloads of all namespaces")
	fs.BoolVarP(&o.Watch, "watch", "w", false, fmt.Sprintf("go on and print what changes, looking every %s", interval))
	fs.StringVarP(&o.Selector, "selector", "l", "", "list Deployments with these labels only")
	fs.StringVarP(&o.Output, "output", "o", "", "format: wide, json, yaml or name")
	fs.BoolVar(&o.NoHeaders, "no-headers", false, "print no headers")
	o.Pipeline.AddFlags(fs)
}

// Complete reads the workloads and Services that the arguments name.
func (o *Options) Complete(p *plugin.Plugin, args []string) (err error) {
	o.plugin = p
	if o.refs, err = live.ParseRefs(args); err != nil {
		return err
	}
	if o.selector, err = labels.Parse(o.Selector); err != nil {
		return fmt.Errorf("--selector is %q: %w", o.Selector, err)
	}
	return nil
}

// Validate reports which options cannot be used.
func (o *Options) Validate() error {
	if _, err := o.Pipeline.Options(); err != nil {
		return err
	}
	_, err := newPrinter(o)
	return err
}

// Run lists the workloads.
func (o *Options) Run(ctx context.Context) error {
	where, err := o.Pipeline.Options()
	if err != nil {
		return err
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
	if o.AllNamespaces {
		namespace = ""
	}
	keep := func(w live.Workload) bool {
		return o.selector.Matches(labels.Set(w.Deployment.Labels)) && (len(o.refs) == 0 || w.Named(o.refs))
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
	if len(first) == 0 && !o.Watch {
		return o.none(namespace)
	}
	if err := printer.print(o.plugin.Out, first); err != nil {
		return err
	}
	if err := o.origin(first); err != nil || !o.Watch {
		return err
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	w := watcher{read: read, print: func(r []Row) error { return printer.each(o.plugin.Out, r) }, warn: o.plugin.ErrOut}
	return w.run(ctx, ticker.C, first)
}

// origin says on stderr that something in the table is by a report. The other formats have
// it in fields.
func (o *Options) origin(rows []Row) error {
	byReport := slices.ContainsFunc(rows, func(r Row) bool { return r.Pipeline.ReportedBy != "" || r.PlanReportedBy != "" })
	if !byReport || o.Output != outputTable && o.Output != outputWide {
		return nil
	}
	_, err := fmt.Fprintln(o.plugin.ErrOut, "What you may not read is as the controller reported it; '-o wide' shows which, and since when.")
	return err
}

// none reports on stderr that there is nothing to list, as kubectl does.
func (o *Options) none(namespace string) error {
	if o.Output == outputJSON || o.Output == outputYAML {
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
	_, err := fmt.Fprintf(o.plugin.ErrOut, "No workload in %s is enabled for autoscaling by latency.\n", where)
	return err
}
