package live

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/cli/plugin"
	"github.com/kong-latency/kong-latency/internal/annotations"
)

// Ref is a reference to a Deployment or a Service in an argument.
type Ref struct {
	Kind annotations.Kind
	Name string
}

// kind has the names of a kind in arguments and in output.
type kind struct {
	kind    annotations.Kind
	version string
	// answer is the name in kubectl's output, argument the one that is completed.
	answer, argument string
	names            []string
}

var kinds = []kind{
	{annotations.OnDeployment, "apps/v1", "deployment.apps", "deployment", []string{"deployment", "deployments", "deploy", "deployment.apps", "deployments.apps"}},
	{annotations.OnService, "v1", "service", "service", []string{"service", "services", "svc"}},
}

// ParseRef parses an argument such as deployment/echo.
func ParseRef(arg string) (Ref, error) {
	typ, name, ok := strings.Cut(arg, "/")
	if !ok || name == "" || strings.Contains(name, "/") {
		return Ref{}, fmt.Errorf("%q names no object: it must be deployment/NAME or service/NAME", arg)
	}
	for _, k := range kinds {
		for _, n := range k.names {
			if strings.EqualFold(typ, n) {
				return Ref{Kind: k.kind, Name: name}, nil
			}
		}
	}
	return Ref{}, fmt.Errorf("%q is of an unsupported kind: it must be deployment/NAME or service/NAME", arg)
}

// ParseRefs parses several arguments.
func ParseRefs(args []string) ([]Ref, error) {
	out := make([]Ref, len(args))
	for i, arg := range args {
		var err error
		if out[i], err = ParseRef(arg); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// String returns the object as kubectl prints it: deployment.apps/echo.
func (r Ref) String() string { return r.of().answer + "/" + r.Name }

// GroupVersionKind returns the object's kind in the API.
func (r Ref) GroupVersionKind() schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(r.of().version, string(r.Kind))
}

func (r Ref) of() kind {
	for _, k := range kinds {
		if k.kind == r.Kind {
			return k
		}
	}
	return kind{argument: string(r.Kind), answer: string(r.Kind)}
}

// CompleteRefs completes names of Deployments and Services, at most n of them; 0 means
// any number. Users who cannot list them get no completions, and no error.
func CompleteRefs(p *plugin.Plugin, n int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if n > 0 && len(args) >= n {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		typ, _, named := strings.Cut(toComplete, "/")
		if !named {
			return []cobra.Completion{"deployment/", "service/"}, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		}
		ref, err := ParseRef(typ + "/x")
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return namesOf(cmd.Context(), p, ref, typ, args), cobra.ShellCompDirectiveNoFileComp
	}
}

// namesOf lists the objects of a kind that are not in args yet.
func namesOf(ctx context.Context, p *plugin.Plugin, ref Ref, typ string, args []string) []cobra.Completion {
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, completionTimeout)
	defer cancel()
	c, err := Connect(p)
	if err != nil {
		return nil
	}
	var list metav1.PartialObjectMetadataList
	gvk := ref.GroupVersionKind()
	list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
	if err := c.List(ctx, &list, client.InNamespace(c.Namespace)); err != nil {
		return nil
	}
	given := map[Ref]bool{}
	for _, arg := range args {
		if r, err := ParseRef(arg); err == nil {
			given[r] = true
		}
	}
	var out []cobra.Completion
	for _, o := range list.Items {
		if !given[Ref{Kind: ref.Kind, Name: o.Name}] {
			out = append(out, typ+"/"+o.Name)
		}
	}
	return out
}
