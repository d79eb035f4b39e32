// Package doctor is kubectl latency doctor: it follows the metric from Kong to the
// autoscaler of a workload, and says where it is lost.
package doctor

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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

Without an argument it examines every workload of the namespace that is enabled or
autoscaled. Whatever your rights do not let you see is as the controller reported it in
the workload's LatencyAutoscaler, or else "?", not broken. Prometheus is queried through
the API server, for which you need the right to get services/proxy in its namespace, or at
--prometheus-url.

The exit code is 0 if nothing is broken, 1 if something is, 2 if it could not be
found out at all.`

	examples = `  # What keeps echo from being autoscaled?
  kubectl latency doctor deployment/echo

  # Look at everything
  kubectl latency doctor -A

  # Fix it: look at the fixes, and apply them
  kubectl latency doctor deployment/echo --fix
  kubectl latency doctor deployment/echo --fix | kubectl apply -f -

  # The same, after a confirmation
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

// Options of the command.
type Options struct {
	// AllNamespaces examines the workloads of all namespaces.
	AllNamespaces bool
	// Output is one of the formats.
	Output string
	// PrometheusURL is where Prometheus is queried; empty for the Service that the
	// adapter queries, through the API server.
	PrometheusURL string
	// Fix prints only the fixes.
	Fix bool
	// Apply applies the fixes, after somebody agreed; Yes agrees beforehand.
	Apply, Yes bool
	// Pipeline says where the parts of the metric pipeline are.
	Pipeline watch.Flags

	plugin *plugin.Plugin
	refs   []live.Ref
}

// NewCommand returns the command.
func NewCommand(p *plugin.Plugin) *cobra.Command {
	return plugin.Command(p, &Options{}, &cobra.Command{
		Use:               "doctor [TYPE/NAME...]",
		Aliases:           []string{"check"},
		Short:             "Find out what keeps a workload from being autoscaled",
		Long:              long,
		Example:           examples,
		ValidArgsFunction: live.CompleteRefs(p, 0),
	})
}

// AddFlags adds the flags of the command.
func (o *Options) AddFlags(fs *pflag.FlagSet) {
	fs.BoolVarP(&o.AllNamespaces, "all-namespaces", "A", false, "examine the workloads of all namespaces")
	fs.StringVarP(&o.Output, "output", "o", "", "format: json or yaml")
	fs.StringVar(&o.PrometheusURL, "prometheus-url", "", "where Prometheus is queried; if empty, at the Service that the adapter queries, through the API server")
	fs.BoolVar(&o.Fix, "fix", false, "print only the YAML that fixes what is broken, for kubectl apply -f -")
	fs.BoolVar(&o.Apply, "apply", false, "apply the fixes, after a dry run and your confirmation")
	fs.BoolVar(&o.Yes, "yes", false, "with --apply: confirm beforehand")
	o.Pipeline.AddFlags(fs)
}

// Complete reads the workloads and Services that the arguments name.
func (o *Options) Complete(p *plugin.Plugin, args []string) (err error) {
	o.plugin = p
	o.refs, err = live.ParseRefs(args)
	return err
}

// Validate reports which options cannot be used.
func (o *Options) Validate() error {
	switch {
	case o.Output != outputText && o.Output != outputJSON && o.Output != outputYAML:
		return fmt.Errorf("--output is %q: must be json or yaml", o.Output)
	case o.Fix && o.Apply:
		return fmt.Errorf("--fix prints what --apply applies: give one of them")
	case o.Fix && o.Output != outputText:
		return fmt.Errorf("--fix prints YAML for kubectl apply: leave out --output")
	case o.Yes && !o.Apply:
		return fmt.Errorf("--yes belongs to --apply")
	}
	_, err := o.Pipeline.Options()
	return err
}

// Run examines the workloads, and prints what it found or applies the fixes.
func (o *Options) Run(ctx context.Context) error {
	c, err := live.Connect(o.plugin)
	if err != nil {
		return err
	}
	e := examination{cluster: c, options: o}
	if err := e.read(ctx, o.refs); err != nil {
		return err
	}
	reports, err := e.reports(ctx, o.refs)
	if err != nil {
		return err
	}
	switch {
	case o.Fix:
		err = printFixes(o.plugin.Out, fixes(reports))
	case o.Apply:
		return e.apply(ctx, reports)
	default:
		err = o.print(reports)
	}
	if err == nil && anyBroken(reports) {
		return plugin.ErrFindings
	}
	return err
}

// document is all reports as JSON or YAML.
type document struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Items      []Report `json:"items"`
}

func (o *Options) print(reports []Report) error {
	if o.Output == outputText {
		out := o.plugin.Out
		if len(reports) == 0 {
			_, err := fmt.Fprintln(out, "No workload is autoscaled by latency, or enabled.")
			return err
		}
		t := &text{out: out, style: o.plugin.Style(out), glyphs: term.Unicode(out, o.plugin.LookupEnv)}
		return t.reports(reports)
	}
	raw, err := json.MarshalIndent(document{APIVersion: "cli.kong.latency/v1", Kind: "DoctorReport", Items: append([]Report{}, reports...)}, "", "  ")
	if err == nil && o.Output == outputYAML {
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
