package webhook

import (
	"context"
	"errors"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/policy"
)

func policyWith(name string, spec v1alpha1.LatencyPolicySpec) *v1alpha1.LatencyPolicy {
	return &v1alpha1.LatencyPolicy{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: spec}
}

// knownOf knows these policies, and one Deployment labelled tier: web.
func knownOf(list ...*v1alpha1.LatencyPolicy) (func() ([]v1alpha1.LatencyPolicy, bool), func(context.Context) ([]policy.Candidate, error)) {
	var known []v1alpha1.LatencyPolicy
	for _, p := range list {
		known = append(known, *p)
	}
	return func() ([]v1alpha1.LatencyPolicy, bool) { return known, true },
		func(context.Context) ([]policy.Candidate, error) {
			return []policy.Candidate{{Namespace: labels.Set{"team": "shop"}, Workload: labels.Set{"tier": "web"}}}, nil
		}
}

func selecting(key, value string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
}

func TestLatencyPolicyIsRefusedWhereTheSchemaCannot(t *testing.T) {
	tests := map[string]struct {
		spec v1alpha1.LatencyPolicySpec
		want []string // parts of the refusal; none: it is admitted
	}{
		"empty": {v1alpha1.LatencyPolicySpec{}, nil},
		"label keys and values": {
			v1alpha1.LatencyPolicySpec{
				NamespaceSelector: selecting("not a key", "x"),
				WorkloadSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
					{Key: "tier", Operator: metav1.LabelSelectorOpIn, Values: []string{"web", "not a value"}},
				}},
			},
			[]string{"PolicySelectorInvalid", "spec.namespaceSelector.matchLabels", `"not a key"`, "spec.workloadSelector.matchExpressions[0].values[1]", `"not a value"`},
		},
		"a contradiction": {
			v1alpha1.LatencyPolicySpec{Limits: &v1alpha1.Limits{MaxReplicas: &v1alpha1.Int32Range{Min: ptr.To[int32](5), Max: ptr.To[int32](4)}}},
			[]string{"PolicyInvalid", "spec.limits.maxReplicas"},
		},
		"a contradiction and a selector": {
			v1alpha1.LatencyPolicySpec{NamespaceSelector: selecting("a b", "")},
			[]string{"PolicySelectorInvalid", `"a b"`},
		},
		"a profile that is built in": {
			v1alpha1.LatencyPolicySpec{Behaviors: []v1alpha1.NamedBehavior{{Name: "stable"}}},
			[]string{"PolicyInvalid", "spec.behaviors[0].name"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := policyWith("frame", tt.spec)
			for op, before := range map[admissionv1.Operation]client.Object{
				admissionv1.Create: nil,
				admissionv1.Update: policyWith("frame", v1alpha1.LatencyPolicySpec{Priority: 7}),
			} {
				resp := clusterOf(t).validateLatencyPolicy(t.Context(), reviewOf[v1alpha1.LatencyPolicy](t, request(t, op, before, p)))
				if resp.Allowed != (len(tt.want) == 0) {
					t.Fatalf("%s: answered %+v", op, resp)
				}
				for _, want := range tt.want {
					if !strings.Contains(resp.Result.Message, want) {
						t.Errorf("%s: message %q lacks %q", op, resp.Result.Message, want)
					}
				}
			}
			// A label, say, can be put on one that has been so from before.
			resp := clusterOf(t).validateLatencyPolicy(t.Context(), reviewOf[v1alpha1.LatencyPolicy](t, request(t, admissionv1.Update, p, p)))
			if !resp.Allowed || (len(resp.Warnings) > 0) != (len(tt.want) > 0) {
				t.Errorf("unchanged: answered %v, %q", resp.Result, resp.Warnings)
			}
		})
	}
}

func TestDeletionOfABrokenPolicyIsNeverRefused(t *testing.T) {
	before := policyWith("frame", v1alpha1.LatencyPolicySpec{})
	p := policyWith("frame", v1alpha1.LatencyPolicySpec{NamespaceSelector: selecting("a b", "")})
	p.DeletionTimestamp = ptr.To(metav1.Now())
	if resp := clusterOf(t).validateLatencyPolicy(t.Context(), reviewOf[v1alpha1.LatencyPolicy](t, request(t, admissionv1.Update, before, p))); !resp.Allowed {
		t.Errorf("refused: %v", resp.Result)
	}
}

func TestLatencyPolicyWithoutEffect(t *testing.T) {
	high := func(s *metav1.LabelSelector) *v1alpha1.LatencyPolicy {
		return policyWith("high", v1alpha1.LatencyPolicySpec{Priority: 5, WorkloadSelector: s})
	}
	web, batch := selecting("tier", "web"), selecting("tier", "batch")
	tests := map[string]struct {
		others []*v1alpha1.LatencyPolicy
		spec   v1alpha1.LatencyPolicySpec
		want   []string
	}{
		"rules":                          {nil, v1alpha1.LatencyPolicySpec{WorkloadSelector: web}, nil},
		"selects nothing":                {nil, v1alpha1.LatencyPolicySpec{WorkloadSelector: batch}, []string{"PolicySelectsNothing: its selectors match none of the existing Deployments (1)"}},
		"no such namespace":              {nil, v1alpha1.LatencyPolicySpec{NamespaceSelector: selecting("team", "none")}, []string{"PolicySelectsNothing"}},
		"shadowed by one for all":        {[]*v1alpha1.LatencyPolicy{high(nil)}, v1alpha1.LatencyPolicySpec{WorkloadSelector: web}, []string{"PolicyShadowed: LatencyPolicy high (priority 5) comes first"}},
		"shadowed by one for the same":   {[]*v1alpha1.LatencyPolicy{high(web)}, v1alpha1.LatencyPolicySpec{}, []string{"PolicyShadowed: it selects 1 Deployment, and all get LatencyPolicy high (priority 5)"}},
		"above the other":                {[]*v1alpha1.LatencyPolicy{high(web)}, v1alpha1.LatencyPolicySpec{Priority: 6}, nil},
		"in place of its former version": {[]*v1alpha1.LatencyPolicy{policyWith("frame", v1alpha1.LatencyPolicySpec{Priority: 9})}, v1alpha1.LatencyPolicySpec{WorkloadSelector: web}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := clusterOf(t)
			c.KnownPolicies, c.Candidates = knownOf(tt.others...)
			p := policyWith("frame", tt.spec)
			resp := c.validateLatencyPolicy(t.Context(), reviewOf[v1alpha1.LatencyPolicy](t, request(t, admissionv1.Create, nil, p)))
			if !resp.Allowed {
				t.Fatalf("refused: %v", resp.Result)
			}
			expect(t, resp.Warnings, tt.want...)
			same := c.validateLatencyPolicy(t.Context(), reviewOf[v1alpha1.LatencyPolicy](t, request(t, admissionv1.Update, p, p)))
			expect(t, same.Warnings) // nothing changed
		})
	}
}

func TestEffectOfALatencyPolicyThatCannotBeKnown(t *testing.T) {
	tests := map[string]struct {
		edit func(*Knowledge)
		want []string
	}{
		"nobody knows": {func(c *Knowledge) { c.KnownPolicies, c.Candidates = nil, nil }, nil},
		"not read yet": {func(c *Knowledge) {
			c.KnownPolicies = func() ([]v1alpha1.LatencyPolicy, bool) { return nil, false }
		}, []string{"not checked whether the policy applies to any Deployment"}},
		"caches cold": {func(c *Knowledge) { c.Warm = func() bool { return false } }, []string{"not checked"}},
		"caches fail": {func(c *Knowledge) {
			c.Candidates = func(context.Context) ([]policy.Candidate, error) { return nil, errors.New("list Deployments: broken") }
		}, []string{"not checked whether the policy applies to any Deployment: list Deployments: broken"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := clusterOf(t)
			c.KnownPolicies, c.Candidates = knownOf()
			tt.edit(&c)
			p := policyWith("frame", v1alpha1.LatencyPolicySpec{WorkloadSelector: selecting("tier", "batch")})
			resp := c.validateLatencyPolicy(t.Context(), reviewOf[v1alpha1.LatencyPolicy](t, request(t, admissionv1.Create, nil, p)))
			if !resp.Allowed {
				t.Fatalf("refused: %v", resp.Result)
			}
			expect(t, resp.Warnings, tt.want...)
		})
	}
}
