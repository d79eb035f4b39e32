package watch

import (
	"context"
	"fmt"

	"github.com/go-logr/logr"
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
	known bool
	// why says why they are not known.
	why        string
	list       []v1alpha1.LatencyPolicy
	set        *policy.Set
	namespaces map[string]map[string]string
}

var _ plan.Policies = (*Policies)(nil)

func newPolicies(policies pipeline.Set[v1alpha1.LatencyPolicy], namespaces pipeline.Set[pipeline.Namespace]) *Policies {
	p := &Policies{
		// Without the kind there is no policy, unless a policyGuard says otherwise. What
		// cannot be read may hold anything.
		known:      policies.State == pipeline.Known || policies.State == pipeline.NotInstalled,
		why:        policies.State.Because(policies.Why),
		list:       policies.Items,
		set:        policy.Compile(policies.Items),
		namespaces: make(map[string]map[string]string, len(namespaces.Items)),
	}
	for _, n := range namespaces.Items {
		p.namespaces[n.Name] = n.Labels
	}
	return p
}

// follow completes the policies that come after before. While policies are not known, the
// pipeline is still read where those named it that were known last.
func (p *Policies) follow(before *Policies, log logr.Logger) {
	switch {
	case !p.known && p.why != before.why:
		log.Info("policies are not known; nothing that depends on them is changed", "why", p.why)
	case p.known && !before.known:
		log.Info("policies are known", "count", len(p.list))
	}
	if !p.known {
		p.set, p.list = before.set, nil
	}
}

// For implements plan.Policies. A namespace that was created just now may not be known
// yet.
func (p *Policies) For(w model.Workload) plan.EffectivePolicy {
	if !p.known {
		return plan.EffectivePolicy{Unknown: true, Why: p.why}
	}
	return plan.PolicySet{Set: p.set, Namespace: p.Namespace}.For(w)
}

// Namespace returns the labels of a namespace; ok is false if they are not known.
func (p *Policies) Namespace(name string) (l map[string]string, ok bool) {
	l, ok = p.namespaces[name]
	return l, ok
}

// Set is the policies, compiled; if they are not known, those that were known last.
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
