// Package doctor is kubectl latency doctor: it follows the metric from Kong to the
// autoscaler of a workload, and says where it is lost.
package doctor

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/cli/live"
	"github.com/kong-latency/kong-latency/cli/plugin"
	"github.com/kong-latency/kong-latency/cli/term"
	"github.com/kong-latency/kong-latency/internal/cluster/watch"
)

const (
	long = `Follow the metric of workloads hop by hop, from Kong's extension to the conditions
of the autoscaler, and say what each hop works by, or what breaks it: the object, the
label, the query that the adapter sends to Prometheus, the value that it gets now.

Without an argument every workload of the namespace is looked at that is autoscaled
or asks for it. Whatever your rights do not let you see is "?", not broken.
Prometheus is asked through the API server, for which you need the right to get
services/proxy in its namespace, or at --prometheus-url.

The exit code is 0 if nothing is broken, 1 if something is, 2 if it could not be
found out at all.`

	examples = `  # What keeps echo from being autoscaled?
  kubectl latency doctor deployment/echo

  # Look at everything
  kubectl latency doctor -A

  # Mend it: look at the fixes, and apply them
  kubectl latency doctor deployment/echo --fix
  kubectl latency doctor deployment/echo --fix | kubectl apply -f -

  # The same, after being asked
  kubectl latency doctor deployment/echo --apply

  # With a Prometheus that the API server does not reach
  kubectl latency doctor --prometheus-url http://localhost:9090`
)

// The formats.
const (
	outputText = ""
	outputJSON = "json"
	outputYAML = "yaml"
)

// options of the command.
type options struct {
	plugin        *plugin.Plugin
	allNamespaces bool
	output        string
	prometheusURL string
	fix           bool
	apply         bool
	yes           bool
	flags         watch.Flags
}

// NewCommand returns the command.
func NewCommand(p *plugin.Plugin) *cobra.Command {
	o := options{plugin: p}
	cmd := &cobra.Command{
		Use:               "doctor [TYPE/NAME...]",
		Aliases:           []string{"check"},
		Short:             "Find out what keeps a workload from being autoscaled",
		Long:              long,
		Example:           examples,
		ValidArgsFunction: live.CompleteRefs(p, 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), args)
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "look at the workloads of all namespaces")
	fs.StringVarP(&o.output, "output", "o", "", "format: json or yaml")
	fs.StringVar(&o.prometheusURL, "prometheus-url", "", "where Prometheus is asked; through the API server, at the Service that the adapter asks, if empty")
	fs.BoolVar(&o.fix, "fix", false, "print only the YAML that mends what is broken, for kubectl apply -f -")
	fs.BoolVar(&o.apply, "apply", false, "apply the fixes, after they were tried by a dry run and you agreed")
	fs.BoolVar(&o.yes, "yes", false, "with --apply: agree without being asked")
	o.flags.AddFlags(fs)
	return cmd
}

func (o *options) run(ctx context.Context, args []string) error {
	refs, err := live.ParseRefs(args)
	if err != nil {
		return err
	}
	if err := o.validate(); err != nil {
		return err
	}
	c, err := live.Connect(o.plugin)
	if err != nil {
		return err
	}
	e := examination{cluster: c, options: o}
	if err := e.read(ctx, refs); err != nil {
		return err
	}
	reports, err := e.reports(ctx, refs)
	if err != nil {
		return err
	}
	switch {
	case o.fix:
		err = printFixes(o.plugin.Out, fixes(reports))
	case o.apply:
		return e.apply(ctx, reports)
	default:
		err = o.print(reports)
	}
	if err == nil && anyBroken(reports) {
		return plugin.ErrFindings
	}
	return err
}

func (o *options) validate() error {
	switch {
	case o.output != outputText && o.output != outputJSON && o.output != outputYAML:
		return fmt.Errorf("--output is %q: must be json or yaml", o.output)
	case o.fix && o.apply:
		return fmt.Errorf("--fix prints what --apply applies: give one of them")
	case o.fix && o.output != outputText:
		return fmt.Errorf("--fix prints YAML for kubectl apply: leave out --output")
	case o.yes && !o.apply:
		return fmt.Errorf("--yes belongs to --apply")
	}
	_, err := o.flags.Options()
	return err
}

// document is all reports as JSON or YAML.
type document struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Items      []Report `json:"items"`
}

func (o *options) print(reports []Report) error {
	if o.output == outputText {
		out := o.plugin.Out
		if len(reports) == 0 {
			_, err := fmt.Fprintln(out, "No workload is autoscaled by latency, or asks for it.")
			return err
		}
		t := &text{out: out, style: o.plugin.Style(out), glyphs: term.Unicode(out, o.plugin.LookupEnv)}
		return t.reports(reports)
	}
	raw, err := json.MarshalIndent(document{APIVersion: "cli.kong.latency/v1", Kind: "DoctorReport", Items: append([]Report{}, reports...)}, "", "  ")
	if err == nil && o.output == outputYAML {
		raw, err = yaml.JSONToYAML(raw)
	} else {
		raw = append(raw, '\n')
	}
	if err != nil {
		return fmt.Errorf("encode reports: %w", err)
	}
	_, err = o.plugin.Out.Write(raw)
	return err
}
