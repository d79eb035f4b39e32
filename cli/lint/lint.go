// Package lint is kubectl latency lint: mistakes in manifests, found without a
// cluster.
package lint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kong-latency/kong-latency/cli/plugin"
	"github.com/kong-latency/kong-latency/cli/term"
	"github.com/kong-latency/kong-latency/internal/cluster/files"
	"github.com/kong-latency/kong-latency/internal/cluster/files/manifests"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
)

const (
	long = `Find mistakes in manifests before they are applied: in the annotations, in what
belongs together, and in the metric pipeline where its manifests are among the files.

Files are a part of what will be in a cluster. What they do not hold is a mistake
only if they hold other objects of the same kind; a hop of the metric pipeline is
judged only if the objects that it consists of are among them.
No message means that nothing is wrong.

The exit code is 1 if there is a finding of the severity of --fail-on or worse, and
2 if something could not be read, or no Kubernetes object was. Names of files may be given as arguments, too.

Objects that name no namespace are in the one of --namespace, or else in default.`

	examples = `  # Check one file
  kubectl latency lint -f config/samples/echo.yaml

  # Check a folder and its folders, under a policy; warnings fail as well
  kubectl latency lint -R -f config/samples --policy config/samples/latencypolicy_default.yaml --fail-on warning

  # Check what a chart or a kustomization gives
  helm template my-app ./chart | kubectl latency lint -f -
  kubectl latency lint -k config/default

  # For code scanning
  kubectl latency lint -R -f config/samples -o sarif`
)

// Options of the command.
type Options struct {
	Manifests manifests.Options
	// Policies are files with LatencyPolicies, which are not checked themselves.
	Policies []string
	// Output is one of outputs.
	Output string
	// FailOn is one of severities.
	FailOn string

	plugin *plugin.Plugin
}

// The output formats.
const (
	outputHuman  = "human"
	outputJSON   = "json"
	outputSARIF  = "sarif"
	outputGitHub = "github"
)

var (
	outputs    = []string{outputHuman, outputJSON, outputSARIF, outputGitHub}
	severities = []string{"error", "warning", "never"}
)

// AddFlags adds the flags of the command.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	o.Manifests.AddFlags(flags)
	flags.StringSliceVar(&o.Policies, "policy", nil, "files with LatencyPolicies that are to rule, beside those among the manifests")
	flags.StringVarP(&o.Output, "output", "o", outputHuman, "output format: "+strings.Join(outputs, ", "))
	flags.StringVar(&o.FailOn, "fail-on", severities[0], "the least severe finding that makes the exit code 1: "+strings.Join(severities, ", "))
}

// Validate reports which options cannot be used.
func (o *Options) Validate() error {
	if err := o.Manifests.Validate(); err != nil {
		return err
	}
	if !slices.Contains(outputs, o.Output) {
		return fmt.Errorf("--output is %q: allowed are %s", o.Output, strings.Join(outputs, ", "))
	}
	if !slices.Contains(severities, o.FailOn) {
		return fmt.Errorf("--fail-on is %q: allowed are %s", o.FailOn, strings.Join(severities, ", "))
	}
	return nil
}

// fails reports whether a finding makes the command fail.
func (o *Options) fails(f finding.Finding) bool {
	switch o.FailOn {
	case "error":
		return f.Severity == finding.Error
	case "warning":
		return true
	default:
		return false
	}
}

// NewCommand returns the command.
func NewCommand(p *plugin.Plugin) *cobra.Command {
	cmd := plugin.Command(p, &Options{}, &cobra.Command{
		Use:     "lint (-f FILE | -k FOLDER)",
		Short:   "Find mistakes in manifests",
		Long:    long,
		Example: examples,
	})
	plugin.CompleteValues(cmd, "output", outputs)
	plugin.CompleteValues(cmd, "fail-on", severities)
	return cmd
}

// Complete adds the files that are given as arguments.
func (o *Options) Complete(p *plugin.Plugin, args []string) error {
	o.plugin = p
	o.Manifests.Filenames = append(o.Manifests.Filenames, args...)
	o.Manifests.Namespace, o.Manifests.Stdin = p.OfflineNamespace(), p.In
	return nil
}

// Run finds the mistakes and prints them.
func (o *Options) Run(ctx context.Context) error {
	p := o.plugin
	results, failed := o.results(ctx, p)
	if err := report(p.Out, o.Output, results, p.Style(p.Out)); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	if slices.ContainsFunc(results, func(r render.Located) bool { return o.fails(r.Finding) }) {
		return plugin.ErrFindings
	}
	return nil
}

// results are what is wrong in that which could be read; the error says what
// could not.
func (o *Options) results(ctx context.Context, p *plugin.Plugin) ([]render.Located, error) {
	read, unread := manifests.Read(ctx, o.Manifests)
	given, err := manifests.Read(ctx, manifests.Options{Filenames: o.Policies, Stdin: p.In})
	if err != nil {
		return nil, err // whatever follows would follow from other policies
	}
	if err := read.TellSkipped(p.ErrOut); err != nil {
		return nil, err
	}
	c, misunderstood := files.New(append(read.Objects, given.Objects...))
	return Check(c), errors.Join(unread, misunderstood)
}

// report writes results in a format.
func report(w io.Writer, format string, results []render.Located, style term.Style) error {
	var text string
	var err error
	switch format {
	case outputJSON:
		text, err = render.JSON(results)
	case outputSARIF:
		text, err = render.SARIF(results)
	case outputGitHub:
		text = render.GitHub(results)
	default:
		text = render.Text(results, style)
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, text)
	return err
}
