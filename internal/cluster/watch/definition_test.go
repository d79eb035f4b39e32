package watch

import (
	"context"
	"errors"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

func policiesNamed(names ...string) pipeline.Set[v1alpha1.LatencyPolicy] {
	set := pipeline.KnownSet[v1alpha1.LatencyPolicy]()
	for _, name := range names {
		set.Items = append(set.Items, v1alpha1.LatencyPolicy{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	return set
}

// moment is what the API server says at one time, and whether the policies are known then.
type moment struct {
	policies   pipeline.Set[v1alpha1.LatencyPolicy]
	definition *definition
	err        error
	known      bool
}

func TestWhatProvesThatAPolicyIsGone(t *testing.T) {
	stays, deleting, again := &definition{uid: "1"}, &definition{uid: "1", deleting: true}, &definition{uid: "2"}
	none := pipeline.Set[v1alpha1.LatencyPolicy]{State: pipeline.NotInstalled}
	forbidden := errors.New("forbidden")
	for name, moments := range map[string][]moment{
		"there never was one":             {{policiesNamed(), stays, nil, true}},
		"it is deleted":                   {{policiesNamed("a", "b"), stays, nil, true}, {policiesNamed("b"), stays, nil, true}, {policiesNamed(), stays, nil, true}},
		"its definition is deleted":       {{policiesNamed("a"), stays, nil, true}, {policiesNamed(), deleting, nil, false}, {none, nil, nil, false}},
		"the definition is gone already":  {{policiesNamed("a"), stays, nil, true}, {policiesNamed(), nil, nil, false}},
		"started while it is deleted":     {{policiesNamed("b"), deleting, nil, false}, {policiesNamed(), deleting, nil, false}, {none, nil, nil, false}},
		"started without the definition":  {{none, nil, nil, false}, {policiesNamed(), stays, nil, true}},
		"the definition cannot be read":   {{policiesNamed("a"), stays, nil, true}, {policiesNamed(), nil, forbidden, false}, {policiesNamed(), stays, nil, true}},
		"nor at the start":                {{policiesNamed("a"), nil, forbidden, false}, {policiesNamed("a"), stays, nil, true}},
		"nor when a policy is added":      {{policiesNamed("a"), stays, nil, true}, {policiesNamed("a", "b"), nil, forbidden, true}, {policiesNamed("a", "b"), stays, nil, true}},
		"the definition is replaced":      {{policiesNamed("a"), stays, nil, true}, {policiesNamed(), again, nil, false}, {policiesNamed("a"), again, nil, true}, {policiesNamed(), again, nil, true}},
		"only some are created again":     {{policiesNamed("a", "b"), stays, nil, true}, {none, nil, nil, false}, {policiesNamed("a"), again, nil, false}, {policiesNamed("a", "b"), again, nil, true}},
		"replaced without policies":       {{policiesNamed(), stays, nil, true}, {none, nil, nil, false}, {policiesNamed(), again, nil, true}, {policiesNamed("a"), again, nil, true}, {policiesNamed(), again, nil, true}},
		"replaced unnoticed, none before": {{policiesNamed(), stays, nil, true}, {policiesNamed("a"), again, nil, true}, {policiesNamed(), again, nil, true}},
		"deleting, and all are there yet": {{policiesNamed("a"), stays, nil, true}, {policiesNamed("a"), deleting, nil, true}, {policiesNamed(), deleting, nil, false}},
	} {
		t.Run(name, func(t *testing.T) {
			var now moment
			g := policyGuard{definition: func(context.Context) (*definition, error) { return now.definition, now.err }}
			for i := range moments {
				now = moments[i]
				got := g.confirm(t.Context(), now.policies)
				if known := got.State == pipeline.Known; known != now.known {
					t.Fatalf("moment %d: known is %v, want %v; %s", i, known, now.known, got.Why)
				}
				if got.State != pipeline.Known && got.Why == "" {
					t.Errorf("moment %d: it does not say why", i)
				}
			}
		})
	}
}

// Unknown policies change nothing, and the pipeline is still looked for where they said.
func TestPoliciesWithoutTheirDefinitionAreUnknown(t *testing.T) {
	s := stillSource()
	at := &definition{uid: "1"}
	s.guard.definition = func(context.Context) (*definition, error) { return at, nil }
	named := policiesNamed("named")
	named.Items[0].Spec.Pipeline = &v1alpha1.Pipeline{Prometheus: &v1alpha1.ObjectName{Namespace: "policy", Name: "prometheus"}}
	s.kinds.policies.mu.Lock()
	s.kinds.policies.last = named
	s.kinds.policies.mu.Unlock()
	s.renew(t.Context())
	if !s.Policies().Known() || len(s.Policies().List()) != 1 || s.places().Prometheus.Name != "prometheus" {
		t.Fatalf("policies are %+v", s.Policies())
	}
	at = nil
	s.kinds.policies.mu.Lock()
	s.kinds.policies.last = pipeline.Set[v1alpha1.LatencyPolicy]{State: pipeline.NotInstalled, Why: "the cluster has none"}
	s.kinds.policies.mu.Unlock()
	s.renew(t.Context())
	effective := s.Policies().For(model.Workload{})
	if s.Policies().Known() || !effective.Unknown || effective.Why != notDefined || len(s.Policies().List()) != 0 {
		t.Errorf("policies are %+v, the effective one is %+v", s.Policies(), effective)
	}
	if s.places().Prometheus.Name != "prometheus" {
		t.Error("the Prometheus is no longer the one that the policy named")
	}
	if unread := gather(t, s, "kong_latency_snapshot_unread")["latencypolicies.kong.latency"]; unread != 1 {
		t.Errorf("unread is %v", unread)
	}
}
