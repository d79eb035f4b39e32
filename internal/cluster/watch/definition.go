package watch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// +kubebuilder:rbac:groups=apiextensions.k8s.io,resources=customresourcedefinitions,resourceNames=latencypolicies.kong.latency,verbs=get

// definitionName is the name of the CustomResourceDefinition of LatencyPolicies.
const definitionName = "latencypolicies.kong.latency"

// definitionTimeout bounds the request for the definition: the snapshot waits for it.
const definitionTimeout = 5 * time.Second

// notDefined is why policies are unknown without their definition. It is part of the
// shipped manifests, so its absence says that something was removed, not that nobody
// wants policies.
const notDefined = "the CustomResourceDefinition " + definitionName + " is not installed"

// definition is the CustomResourceDefinition of LatencyPolicies.
type definition struct {
	uid      types.UID
	deleting bool
}

// readDefinition reads the definition; it is nil if there is none.
func readDefinition(client dynamic.Interface) func(context.Context) (*definition, error) {
	resource := schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	return func(ctx context.Context) (*definition, error) {
		ctx, cancel := context.WithTimeout(ctx, definitionTimeout)
		defer cancel()
		u, err := client.Resource(resource).Get(ctx, definitionName, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return &definition{uid: u.GetUID(), deleting: u.GetDeletionTimestamp() != nil}, nil
	}
}

// policyGuard decides whether a list of LatencyPolicies proves that others do not exist.
// When their definition is deleted, the API server deletes the policies first, and each
// deletion looks as if somebody had deleted that policy. The definition is marked as
// deleted before that. So a policy is gone only if the definition, read after the policy
// was, is there to stay and is the same as before.
type policyGuard struct {
	// definition reads the definition; nil is that there is none.
	definition func(context.Context) (*definition, error)

	// confirmed are the names of the policies that were last known to be all, and of is
	// the definition that they belong to. It is empty before the first.
	confirmed []string
	of        types.UID
	// seen are the names that the last verdict was about, and settled is true if it
	// needs no other as long as the names are the same.
	seen    []string
	settled bool
}

// confirm returns the policies as they were read, or why they are not known.
func (g *policyGuard) confirm(ctx context.Context, read pipeline.Set[v1alpha1.LatencyPolicy]) pipeline.Set[v1alpha1.LatencyPolicy] {
	switch read.State {
	case pipeline.NotInstalled:
		g.settled = false
		return unknownPolicies(notDefined)
	case pipeline.Known:
	default:
		return read
	}
	names := make([]string, len(read.Items))
	for i := range read.Items {
		names[i] = read.Items[i].Name
	}
	if g.settled && slices.Equal(names, g.seen) {
		return read
	}
	d, err := g.definition(ctx)
	g.seen = names
	why := g.doubt(names, d, err)
	if g.settled = why == "" && err == nil; g.settled {
		g.confirmed, g.of = names, d.uid
	}
	if why != "" {
		return unknownPolicies(why)
	}
	return read
}

// doubt returns why policies other than these may exist, or may have existed until their
// definition was deleted; it is empty if they do not.
func (g *policyGuard) doubt(names []string, d *definition, err error) string {
	missing := slices.DeleteFunc(slices.Clone(g.confirmed), func(name string) bool { return slices.Contains(names, name) })
	switch {
	case g.of != "" && len(missing) == 0 && (err != nil || d == nil || d.deleting):
		return "" // all that there were are there
	case err != nil:
		return fmt.Sprintf("whether the CustomResourceDefinition %s is being deleted could not be found out: %v", definitionName, err)
	case d == nil:
		return notDefined
	case d.deleting:
		return fmt.Sprintf("the CustomResourceDefinition %s is being deleted, and all policies with it", definitionName)
	case g.of != "" && d.uid != g.of && len(missing) > 0:
		return fmt.Sprintf("LatencyPolicy %s was deleted with the CustomResourceDefinition %s: create it again, or restart kong-latency to continue without it",
			strings.Join(missing, ", "), definitionName)
	default:
		return ""
	}
}

func unknownPolicies(why string) pipeline.Set[v1alpha1.LatencyPolicy] {
	return pipeline.Set[v1alpha1.LatencyPolicy]{State: pipeline.Unreadable, Why: why}
}
