// Package explain implements kubectl latency explain: the documentation of findings
// and annotations, from the declarations that the reference pages are generated from.
package explain

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kong-latency/kong-latency/cli/plugin"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/reference"
)

const (
	long = `Say what a finding or an annotation means.

A finding is named by its reason, as shown in messages and events; an annotation
by its key, which may be without "kong.latency/". Without an argument all are
listed.`

	examples = `  # List all findings and annotations
  kubectl latency explain

  # What does this warning mean, and how is it fixed?
  kubectl latency explain NoServiceSelectsPods

  # Which values does the annotation accept?
  kubectl latency explain target-ms`
)

// NewCommand returns the command.
func NewCommand(p *plugin.Plugin) *cobra.Command {
	return plugin.Command(p, &Options{}, &cobra.Command{
		Use:               "explain [REASON|ANNOTATION]",
		Short:             "Say what a finding or an annotation means",
		Long:              long,
		Example:           examples,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: complete,
	})
}

// Options of the command.
type Options struct {
	// Name is that of a reason or an annotation; empty lists all.
	Name string

	plugin *plugin.Plugin
}

// AddFlags adds no flags: the command has none.
func (o *Options) AddFlags(*pflag.FlagSet) {}

// Complete gets the name from the arguments.
func (o *Options) Complete(p *plugin.Plugin, args []string) error {
	o.plugin = p
	if len(args) > 0 {
		o.Name = args[0]
	}
	return nil
}

// Validate reports whether there is a reason or an annotation of that name.
func (o *Options) Validate() error {
	_, isReason := reasonOf(o.Name)
	_, isKey := keyOf(o.Name)
	if o.Name == "" || isReason || isKey {
		return nil
	}
	return unknown(o.Name)
}

// Run prints the documentation.
func (o *Options) Run(context.Context) error {
	t := &text{out: o.plugin.Out, style: o.plugin.Style(o.plugin.Out)}
	if o.Name == "" {
		t.list()
	} else if r, ok := reasonOf(o.Name); ok {
		t.reason(r)
	} else if k, ok := keyOf(o.Name); ok {
		t.key(k)
	}
	return t.err
}

func reasonOf(name string) (*finding.Reason, bool) {
	for _, r := range reference.Reasons() {
		if strings.EqualFold(r.Name, name) {
			return r, true
		}
	}
	return nil, false
}

func keyOf(name string) (annotations.Key, bool) {
	for _, k := range annotations.Keys() {
		if name == k.Name || annotations.Prefix+name == k.Name {
			return k, true
		}
	}
	return annotations.Key{}, false
}

// unknown returns an error for an unknown name, with a suggestion.
func unknown(name string) error {
	// In lower case, so that a different capitalization counts as similar.
	spelled := map[string]string{}
	var candidates []string
	for _, full := range names() {
		for _, c := range []string{strings.ToLower(full), strings.TrimPrefix(full, annotations.Prefix)} {
			if _, known := spelled[c]; !known {
				spelled[c] = full
				candidates = append(candidates, c)
			}
		}
	}
	const format = "%q is neither the reason of a finding nor an annotation"
	if best, ok := annotations.Nearest(strings.ToLower(name), candidates); ok {
		return fmt.Errorf(format+": did you mean %s?", name, spelled[best])
	}
	return fmt.Errorf(format+"; see '%s explain' for all of them", name, plugin.Name)
}

// names returns everything that can be explained.
func names() []string {
	var out []string
	for _, r := range reference.Reasons() {
		out = append(out, r.Name)
	}
	for _, k := range annotations.Keys() {
		out = append(out, k.Name)
	}
	return out
}

func complete(_ *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, r := range reference.Reasons() {
		out = append(out, cobra.CompletionWithDesc(r.Name, firstSentence(r.Summary)))
	}
	for _, k := range annotations.Keys() {
		name := k.Name
		if !strings.HasPrefix(toComplete, annotations.Prefix) {
			name = strings.TrimPrefix(name, annotations.Prefix)
		}
		out = append(out, cobra.CompletionWithDesc(name, firstSentence(k.Doc)))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// firstSentence returns the first sentence, which fits beside a name in a list.
func firstSentence(doc string) string {
	sentence, _, cut := strings.Cut(doc, ". ")
	if cut {
		return sentence + "."
	}
	return doc
}
