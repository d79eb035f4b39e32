package watch

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// Policies is the LatencyPolicies and the labels of namespaces at one moment. It is
// immutable.
type Policies struct {
	known      bool
	list       []v1alpha1.LatencyPolicy
	set        *policy.Set
	namespaces map[string]map[string]string
}

var _ plan.Policies = (*Policies)(nil)

func newPolicies(policies pipeline.Set[v1alpha1.LatencyPolicy], namespaces pipeline.Set[pipeline.Namespace]) *Policies {
	p := &Policies{
		// Without the kind there is no policy. What cannot be read may hold anything.
		known:      policies.State == pipeline.Known || policies.State == pipeline.NotInstalled,
		list:       policies.Items,
		set:        policy.Compile(policies.Items),
		namespaces: make(map[string]map[string]string, len(namespaces.Items)),
	}
	for _, n := range namespaces.Items {
		p.namespaces[n.Name] = n.Labels
	}
	return p
}

// For implements plan.Policies. A namespace that was created just now may not be known
// yet.
func (p *Policies) For(w model.Workload) plan.EffectivePolicy {
	if !p.known {
		return plan.EffectivePolicy{Unknown: true}
	}
	return plan.PolicySet{Set: p.set, Namespace: p.Namespace}.For(w)
}

// Namespace returns the labels of a namespace; ok is false if they are not known.
func (p *Policies) Namespace(name string) (l map[string]string, ok bool) {
	l, ok = p.namespaces[name]
	return l, ok
}

// Set is the policies, compiled.
func (p *Policies) Set() *policy.Set { return p.set }

// List is the policies, sorted by name; it must not be changed.
func (p *Policies) List() []v1alpha1.LatencyPolicy { return p.list }

// Known reports whether List is complete.
func (p *Policies) Known() bool { return p.known }

// Candidates returns the labels of all Deployments in the cache.
func (p *Policies) Candidates(ctx context.Context, cached client.Reader) ([]policy.Candidate, error) {
	var list appsv1.DeploymentList
	if err := cached.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list Deployments: %w", err)
	}
	out := make([]policy.Candidate, len(list.Items))
	for i := range list.Items {
		d := &list.Items[i]
		out[i] = policy.Candidate{Namespace: p.namespaces[d.Namespace], Workload: d.Labels}
	}
	return out, nil
}

// LatestPolicies implements plan.Policies with the latest policies of a Source.
type LatestPolicies struct{ Source *Source }

// For implements plan.Policies.
func (l LatestPolicies) For(w model.Workload) plan.EffectivePolicy { return l.Source.Policies().For(w) }
