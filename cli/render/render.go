// Package render is kubectl latency render: what manifests would get attached,
// without a cluster.
package render

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kong-latency/kong-latency/cli/plugin"
	"github.com/kong-latency/kong-latency/internal/cluster/files"
	"github.com/kong-latency/kong-latency/internal/cluster/files/manifests"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/policy"
)

const (
	long = `Print the HorizontalPodAutoscalers that manifests would get attached.

It reads files alone and needs no cluster. What keeps an enabled workload from being
attached is printed on standard error, and the exit code is 1 then.

--with adds the manifests of the metric pipeline for the same workloads, --only prints
nothing else. Where Kong Operator's metrics Service and the Prometheus are not
among the files, those of Kong's guide are assumed. An adapter rule, and values of the
adapter's chart, are not objects that could be applied; print them with --only.

Objects that name no namespace are in the one of --namespace, or else in default.`

	examples = `  # What would the annotations in these files give?
  kubectl latency render -f config/samples/echo.yaml

  # The same under a policy
  kubectl latency render -f config/samples/echo.yaml --policy config/samples/latencypolicy_default.yaml

  # Everything that the metric needs as objects
  kubectl latency render -f config/samples/echo.yaml --with servicemonitor,extension

  # Values for prometheus-adapter's Helm chart
  kubectl latency render -f config/samples/echo.yaml --only adapter-values`
)

// Options of the command.
type Options struct {
	Manifests manifests.Options
	// Policies are files with LatencyPolicies.
	Policies []string
	// With and Only name parts; see parts.
	With, Only []string
	// Output is yaml or json.
	Output string

	plugin *plugin.Plugin
}

// The parts that can be printed.
const (
	partHPA       = "hpa"
	partMonitor   = "servicemonitor"
	partRule      = "adapter-rule"
	partValues    = "adapter-values"
	partExtension = "extension"
)

// parts are in the order in which they are printed.
var parts = []string{partHPA, partExtension, partMonitor, partRule, partValues}

// noObjects are the parts that are no objects of Kubernetes.
var noObjects = []string{partRule, partValues}

var outputs = []string{"yaml", "json"}

// AddFlags adds the flags of the command.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	o.Manifests.AddFlags(flags)
	flags.StringSliceVar(&o.Policies, "policy", nil, "files with LatencyPolicies that are to rule, beside those among the manifests")
	flags.StringSliceVar(&o.With, "with", nil, "what to print as well: "+strings.Join(parts[1:], ", "))
	flags.StringSliceVar(&o.Only, "only", nil, "what to print and nothing else: "+strings.Join(parts, ", "))
	flags.StringVarP(&o.Output, "output", "o", "yaml", "output format: "+strings.Join(outputs, " or "))
}

// Validate says which options cannot be used.
func (o *Options) Validate() error {
	if err := o.Manifests.Validate(); err != nil {
		return err
	}
	if !slices.Contains(outputs, o.Output) {
		return fmt.Errorf("--output is %q: allowed are %s", o.Output, strings.Join(outputs, " and "))
	}
	if len(o.With) > 0 && len(o.Only) > 0 {
		return errors.New("--with adds to what is printed and --only says all of it: use one of them")
	}
	for _, p := range slices.Concat(o.With, o.Only) {
		if !slices.Contains(parts, p) {
			return fmt.Errorf("there is no part %q: allowed are %s", p, strings.Join(parts, ", "))
		}
	}
	chosen := o.chosen()
	if o.Output == "json" && len(chosen) > 1 && slices.ContainsFunc(chosen, func(p string) bool { return slices.Contains(noObjects, p) }) {
		return fmt.Errorf("%s are no objects and do not go into a list of them: print each by --only", strings.Join(noObjects, " and "))
	}
	return nil
}

// chosen are the parts to print, in their order.
func (o *Options) chosen() []string {
	wanted := o.Only
	if len(wanted) == 0 {
		wanted = append([]string{partHPA}, o.With...)
	}
	var out []string
	for _, p := range parts {
		if slices.Contains(wanted, p) {
			out = append(out, p)
		}
	}
	return out
}

// NewCommand returns the command.
func NewCommand(p *plugin.Plugin) *cobra.Command {
	cmd := plugin.Command(p, &Options{}, &cobra.Command{
		Use:     "render (-f FILE | -k FOLDER)",
		Short:   "Print what manifests would get attached",
		Long:    long,
		Example: examples,
	})
	plugin.CompleteValues(cmd, "output", outputs)
	plugin.CompleteValues(cmd, "with", parts[1:])
	plugin.CompleteValues(cmd, "only", parts)
	return cmd
}

// Complete adds the files that are given as arguments.
func (o *Options) Complete(p *plugin.Plugin, args []string) error {
	o.plugin = p
	o.Manifests.Filenames = append(o.Manifests.Filenames, args...)
	o.Manifests.Namespace, o.Manifests.Stdin = p.OfflineNamespace(), p.In
	return nil
}

// Run prints the chosen parts, and what keeps workloads from being attached.
func (o *Options) Run(ctx context.Context) error {
	p := o.plugin
	read, err := manifests.Read(ctx, o.Manifests)
	if err := read.TellSkipped(p.ErrOut); err != nil {
		return err
	}
	if err != nil && !errors.Is(err, manifests.ErrNothing) {
		return err
	}
	given, err := manifests.Read(ctx, manifests.Options{Filenames: o.Policies, Stdin: p.In})
	if err != nil {
		return err
	}
	c, err := files.New(append(read.Objects, given.Objects...))
	if err != nil {
		return err
	}
	outcome := c.Admit(nil)
	for _, plan := range outcome.Plans {
		if strings.HasSuffix(plan.Name, manifests.Generated) {
			return fmt.Errorf("render Deployment %s/%s: it has metadata.generateName, and what scales it needs its name", plan.Namespace, plan.Name)
		}
	}
	text, err := o.text(c, outcome.Plans)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprint(p.Out, text); err != nil {
		return err
	}
	return tell(p, outcome.Findings)
}

// tell writes the findings to standard error.
func tell(p *plugin.Plugin, findings []finding.Finding) error {
	style := p.Style(p.ErrOut)
	for _, f := range findings {
		name := style.Doubt(f.Reason.Name)
		if blocks(f) {
			name = style.Bad(f.Reason.Name)
		}
		if _, err := fmt.Fprintf(p.ErrOut, "%s: %s: %s%s\n", name, f.Object, f.Message, hint(f)); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(findings, blocks) {
		return plugin.ErrFindings
	}
	return nil
}

// blocks reports whether a finding keeps something from being attached, or from
// being known.
func blocks(f finding.Finding) bool { return f.Severity != finding.Warning }

// hint is what can be done about a finding, as far as the finding itself says.
func hint(f finding.Finding) string {
	switch {
	case f.Reason == policy.PolicyUnknown:
		return "; add the manifest of the Namespace"
	case !f.Fix.IsZero() && !f.Fix.IsManifest():
		return "; to fix it: " + render.Fix(f.Fix)
	default:
		return ""
	}
}
