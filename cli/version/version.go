// Package version is kubectl latency version: the versions of the plugin and of what runs
// in the cluster.
package version

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kong-latency/kong-latency/cli/plugin"
	"github.com/kong-latency/kong-latency/internal/version"
)

const (
	// serverSelector selects what is installed in a cluster, by whichever way.
	serverSelector = "app.kubernetes.io/name=kong-latency"
	// serverNamespace is where it is installed unless somebody chose otherwise. It is
	// looked at if Deployments of all namespaces may not be listed.
	serverNamespace = "kong-latency-system"
	versionLabel    = "app.kubernetes.io/version"
)

const versionExamples = `  # The versions of the plugin and of what runs in the cluster
  kubectl latency version

  # Contact no cluster
  kubectl latency version --client`

// Options of the command.
type Options struct {
	// ClientOnly prints the version of the plugin only.
	ClientOnly bool

	plugin *plugin.Plugin
}

// NewCommand returns the command.
func NewCommand(p *plugin.Plugin) *cobra.Command {
	return plugin.Command(p, &Options{}, &cobra.Command{
		Use:               "version",
		Short:             "Print the versions of the plugin and of what runs in the cluster",
		Example:           versionExamples,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	})
}

// AddFlags adds the flags of the command.
func (o *Options) AddFlags(fs *pflag.FlagSet) {
	fs.BoolVar(&o.ClientOnly, "client", false, "print the version of the plugin only, without contacting a cluster")
}

// Complete keeps the surroundings.
func (o *Options) Complete(p *plugin.Plugin, _ []string) error {
	o.plugin = p
	return nil
}

// Validate accepts all options.
func (o *Options) Validate() error { return nil }

// Run prints the versions.
func (o *Options) Run(ctx context.Context) error {
	if _, err := fmt.Fprintf(o.plugin.Out, "Client Version: %s\n", version.String()); err != nil || o.ClientOnly {
		return err
	}
	running, err := serverVersions(ctx, o.plugin)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.plugin.Out, "Server Version: %s\n", running)
	return err
}

// serverVersions says in a line which versions run.
func serverVersions(ctx context.Context, p *plugin.Plugin) (string, error) {
	config, err := p.Kube.ToRESTConfig()
	if err != nil {
		return "", fmt.Errorf("find the cluster: %w", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return "", fmt.Errorf("make a client: %w", err)
	}
	selected := metav1.ListOptions{LabelSelector: serverSelector}
	list, err := client.AppsV1().Deployments("").List(ctx, selected)
	if apierrors.IsForbidden(err) {
		list, err = client.AppsV1().Deployments(serverNamespace).List(ctx, selected)
	}
	if err != nil {
		return "", fmt.Errorf("look for kong-latency in the cluster: %w", err)
	}
	return describeVersions(list.Items), nil
}

// describeVersions is the version of all Deployments, or each with its own if they differ.
func describeVersions(deployments []appsv1.Deployment) string {
	if len(deployments) == 0 {
		return "not installed"
	}
	var each, distinct []string
	for _, d := range deployments {
		v := versionOf(&d)
		distinct = append(distinct, v)
		each = append(each, fmt.Sprintf("%s (%s/%s)", v, d.Namespace, d.Name))
	}
	slices.Sort(distinct)
	if distinct = slices.Compact(distinct); len(distinct) == 1 {
		return distinct[0]
	}
	slices.Sort(each)
	return strings.Join(each, ", ")
}

// versionOf is the tag of the image that runs, or without one what the label says.
func versionOf(d *appsv1.Deployment) string {
	for _, c := range d.Spec.Template.Spec.Containers {
		image, _, _ := strings.Cut(c.Image, "@")
		// A colon before the last slash is that of a registry's port.
		if i := strings.LastIndex(image, ":"); i > strings.LastIndex(image, "/") {
			return image[i+1:]
		}
	}
	return cmp.Or(d.Labels[versionLabel], "unknown")
}
