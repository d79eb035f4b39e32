package webhook

import (
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// frame is a policy for Deployments labelled tier: web: at most 20 replicas, a
// profile of its own, and auto-attach at 50 ms.
func frame(edits ...func(*v1alpha1.LatencyPolicySpec)) plan.Policies {
	p := v1alpha1.LatencyPolicy{ObjectMeta: metav1.ObjectMeta{Name: "frame"}}
	p.Spec.WorkloadSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"tier": "web"}}
	p.Spec.Limits = &v1alpha1.Limits{MaxReplicas: &v1alpha1.Int32Range{Max: ptr.To[int32](20)}}
	p.Spec.Behaviors = []v1alpha1.NamedBehavior{{Name: "calm"}}
	for _, edit := range edits {
		edit(&p.Spec)
	}
	return plan.PolicySet{Set: policy.Compile([]v1alpha1.LatencyPolicy{p}), Namespace: func(string) (map[string]string, bool) {
		return map[string]string{policy.AutoAttachLabel: policy.AutoAttachEnabled}, true
	}}
}

func webDeployment(settings map[string]string) client.Object {
	d := deploymentWith(ptr.To[int32](1), settings)
	d.Labels = map[string]string{"tier": "web"}
	return d
}

func TestLimitsRefuseWhatIsNewAndOnlyThat(t *testing.T) {
	over, within := ask(annotations.MaxReplicas, "30"), ask(annotations.MaxReplicas, "20")
	create, update := admissionv1.Create, admissionv1.Update
	tests := map[string]struct {
		op            admissionv1.Operation
		before, after map[string]string
		service       map[string]string
		refused       string // the reason
		warned        string // a part of the first line
	}{
		"created within":              {create, nil, within, nil, "", "will attach HPA echo"},
		"created outside":             {create, nil, over, nil, "LimitExceeded", ""},
		"changed to outside":          {update, within, over, nil, "LimitExceeded", ""},
		"outside since it tightened":  {update, over, over, nil, "", "LimitClamped: kong.latency/max-replicas is 30, and LatencyPolicy frame allows at most 20: 20 holds"},
		"outside, another changed":    {update, over, ask(annotations.MaxReplicas, "30", annotations.Paused, "true"), nil, "LimitExceeded", ""},
		"outside, brought within":     {update, over, within, nil, "", ""},
		"outside, and detached":       {update, over, map[string]string{annotations.MaxReplicas: "30"}, nil, "", "will detach"},
		"outside, and declined":       {update, over, map[string]string{annotations.TargetMS: annotations.Off, annotations.MaxReplicas: "30"}, nil, "", "will detach"},
		"the Service's is outside":    {create, nil, ask(), map[string]string{annotations.MaxReplicas: "30"}, "", "LimitClamped"},
		"the policy's profile":        {create, nil, ask(annotations.Behavior, "calm"), nil, "", "will attach"},
		"no such profile":             {create, nil, ask(annotations.Behavior, "clam"), nil, "UnknownBehavior", ""},
		"the profile has gone":        {update, ask(annotations.Behavior, "gone"), ask(annotations.Behavior, "gone"), nil, "", "UnknownBehavior"},
		"min above the default max":   {create, nil, ask(annotations.MinReplicas, "11"), nil, "MinAboveMax", ""},
		"min below the Service's max": {create, nil, ask(annotations.MinReplicas, "11"), map[string]string{annotations.MaxReplicas: "12"}, "", "will attach"},
		"not enabled at all":          {create, nil, map[string]string{annotations.MaxReplicas: "30"}, nil, "", "no effect"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := clusterOf(t, serviceWith("echo", tt.service))
			c.Policies = frame()
			var before client.Object
			if tt.op == update {
				before = webDeployment(tt.before)
			}
			resp := c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, tt.op, before, webDeployment(tt.after))))
			if tt.refused != "" {
				if resp.Allowed || !strings.Contains(resp.Result.Message, tt.refused) {
					t.Errorf("answered %+v, want a refusal with %s", resp, tt.refused)
				}
				return
			}
			if !resp.Allowed || tt.warned != "" && (len(resp.Warnings) == 0 || !strings.Contains(resp.Warnings[0], tt.warned)) {
				t.Errorf("answered %v, %q, want %q", resp.Result, resp.Warnings, tt.warned)
			}
		})
	}
}

func TestRefusalNamesThePolicyAndItsBound(t *testing.T) {
	c := clusterOf(t, serviceWith("echo", nil))
	c.Policies = frame()
	resp := c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Create, nil, webDeployment(ask(annotations.MaxReplicas, "30")))))
	if resp.Allowed {
		t.Fatal("admitted")
	}
	for _, want := range []string{"kong.latency/max-replicas is 30", "LatencyPolicy frame", "at most 20", "set kong.latency/max-replicas to 20"} {
		if !strings.Contains(resp.Result.Message, want) {
			t.Errorf("message %q lacks %q", resp.Result.Message, want)
		}
	}
}

func TestAPolicyRulesByTheLabelsOfTheDeployment(t *testing.T) {
	c := clusterOf(t, serviceWith("echo", nil))
	c.Policies = frame()
	other := deploymentWith(nil, ask(annotations.MaxReplicas, "30"))
	if resp := c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Create, nil, other))); !resp.Allowed {
		t.Errorf("a Deployment that the policy does not select is refused: %v", resp.Result)
	}
}

func TestServiceIsHeldToItsDeploymentsPolicy(t *testing.T) {
	tests := map[string]struct {
		before, after map[string]string
		deployment    client.Object
		refused       string
	}{
		"within":                       {nil, ask(annotations.MaxReplicas, "20"), webDeployment(nil), ""},
		"outside":                      {nil, ask(annotations.MaxReplicas, "30"), webDeployment(nil), "LimitExceeded"},
		"outside, the other requests":  {nil, map[string]string{annotations.MaxReplicas: "30"}, webDeployment(ask()), "LimitExceeded"},
		"outside, and nobody requests": {nil, map[string]string{annotations.MaxReplicas: "30"}, webDeployment(nil), ""},
		"outside since it tightened":   {ask(annotations.MaxReplicas, "30"), ask(annotations.MaxReplicas, "30"), webDeployment(nil), ""},
		"under no policy":              {nil, ask(annotations.MaxReplicas, "30"), deploymentWith(nil, nil), ""},
		"min above the default max":    {nil, ask(annotations.MinReplicas, "11"), webDeployment(nil), "MinAboveMax"},
		"a profile of the policy's":    {nil, ask(annotations.Behavior, "calm"), webDeployment(nil), ""},
		"no such profile":              {nil, ask(annotations.Behavior, "clam"), webDeployment(nil), "UnknownBehavior"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := clusterOf(t, tt.deployment, serviceWith("echo", tt.before))
			c.Policies = frame()
			resp := c.validateService(t.Context(), reviewOf[service](t, request(t, admissionv1.Update, serviceWith("echo", tt.before), serviceWith("echo", tt.after))))
			if resp.Allowed != (tt.refused == "") || !resp.Allowed && !strings.Contains(resp.Result.Message, tt.refused) {
				t.Errorf("answered %v, %q, want a refusal with %q", resp.Result, resp.Warnings, tt.refused)
			}
		})
	}
}

func TestServiceBeforeItsDeploymentMayNameAnyProfile(t *testing.T) {
	c := clusterOf(t)
	c.Policies = frame()
	resp := c.validateService(t.Context(), reviewOf[service](t, request(t, admissionv1.Create, nil, serviceWith("echo", ask(annotations.Behavior, "calm")))))
	if !resp.Allowed {
		t.Errorf("refused: %v", resp.Result)
	}
}

func TestEnforcementIsThePolicys(t *testing.T) {
	empty := emptySnapshot()
	enforce := func(a policy.Action) plan.Policies {
		return frame(func(s *v1alpha1.LatencyPolicySpec) {
			s.Pipeline = &v1alpha1.Pipeline{Enforcement: []v1alpha1.HopEnforcement{{Hop: "service-monitor", Action: a}}}
		})
	}
	tests := map[string]struct {
		policies       plan.Policies
		allowed, warns bool
	}{
		"built in": {nil, false, false},
		"Deny":     {enforce(policy.Deny), false, false},
		"Warn":     {enforce(policy.Warn), true, true},
		"Ignore":   {enforce(policy.Ignore), true, false},
	}
	for name, tt := range tests {
		c := clusterOf(t, serviceWith("echo", nil))
		c.Pipeline = func() *pipeline.Evaluator { return pipeline.NewEvaluator(empty) }
		c.Policies = tt.policies
		resp := c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Create, nil, webDeployment(ask()))))
		if warns := strings.Contains(strings.Join(resp.Warnings, "\n"), "ServiceMonitorNotFound"); resp.Allowed != tt.allowed || warns != tt.warns {
			t.Errorf("%s: answered %+v", name, resp)
		}
	}
}

func TestAutoAttachLines(t *testing.T) {
	auto := frame(func(s *v1alpha1.LatencyPolicySpec) {
		s.AutoAttach = &v1alpha1.AutoAttach{TargetMilliseconds: resource.MustParse("50")}
		s.Defaults = &v1alpha1.Defaults{MinReplicas: ptr.To[int32](2)}
	})
	off := map[string]string{annotations.TargetMS: annotations.Off}
	const attached = "HPA echo: kong_upstream_latency_ms_60s_average of Service echo at 50 ms, 2-10 replicas (by LatencyPolicy frame)"
	tests := map[string]struct {
		op            admissionv1.Operation
		before, after map[string]string
		services      []client.Object
		want          []string
	}{
		"created":                 {admissionv1.Create, nil, nil, []client.Object{serviceWith("echo", nil)}, []string{"will attach " + attached}},
		"before its Service":      {admissionv1.Create, nil, nil, nil, nil},
		"two Services":            {admissionv1.Create, nil, nil, []client.Object{serviceWith("echo", nil), serviceWith("echo2", nil)}, nil},
		"created off":             {admissionv1.Create, nil, off, []client.Object{serviceWith("echo", nil)}, nil},
		"turned off":              {admissionv1.Update, nil, off, []client.Object{serviceWith("echo", nil)}, []string{"will detach"}},
		"no longer off":           {admissionv1.Update, off, nil, []client.Object{serviceWith("echo", nil)}, []string{"will attach " + attached}},
		"from its own to managed": {admissionv1.Update, ask(), nil, []client.Object{serviceWith("echo", nil)}, []string{"will change HPA echo: target 40 ms to 50 ms"}},
		"own, without a Service":  {admissionv1.Update, ask(), nil, nil, []string{"NoServiceSelectsPods"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := clusterOf(t, tt.services...)
			c.Policies = auto
			var before client.Object
			if tt.op == admissionv1.Update {
				before = webDeployment(tt.before)
			}
			resp := c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, tt.op, before, webDeployment(tt.after))))
			if !resp.Allowed {
				t.Fatalf("refused: %v", resp.Result)
			}
			expect(t, resp.Warnings, tt.want...)
		})
	}
}

func TestMutateRaisesToThePolicysMinimum(t *testing.T) {
	least := frame(func(s *v1alpha1.LatencyPolicySpec) { s.Defaults = &v1alpha1.Defaults{MinReplicas: ptr.To[int32](4)} })
	for name, services := range map[string][]client.Object{"with its Service": {serviceWith("echo", nil)}, "before its Service": nil} {
		c := clusterOf(t, services...)
		c.Policies = least
		resp := c.mutateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Create, nil, webDeployment(ask()))))
		if len(resp.Patches) != 1 || resp.Patches[0].Value != int32(4) {
			t.Errorf("%s: patches are %v, want replicas 4", name, resp.Patches)
		}
	}
}

func TestUnknownNamespaceRefusesNothing(t *testing.T) {
	c := clusterOf(t, serviceWith("echo", nil))
	rules := frame().(plan.PolicySet)
	rules.Namespace = func(string) (map[string]string, bool) { return nil, false }
	c.Policies = rules
	over := ask(annotations.MaxReplicas, "30", annotations.Behavior, "clam")
	resp := c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Create, nil, webDeployment(over))))
	if !resp.Allowed {
		t.Fatalf("refused: %v", resp.Result)
	}
	expect(t, resp.Warnings, "PolicyUnknown")
	if resp := c.mutateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Create, nil, webDeployment(ask(annotations.MinReplicas, "3"))))); len(resp.Patches) > 0 {
		t.Errorf("patched %v", resp.Patches)
	}
}

func TestALabelThatChangesThePolicyIsSaid(t *testing.T) {
	c := clusterOf(t, serviceWith("echo", nil))
	c.Policies = frame(func(s *v1alpha1.LatencyPolicySpec) { s.Defaults = &v1alpha1.Defaults{MaxReplicas: ptr.To[int32](7)} })
	resp := c.validateDeployment(t.Context(), reviewOf[deployment](t, request(t, admissionv1.Update, deploymentWith(nil, ask()), webDeployment(ask()))))
	expect(t, resp.Warnings, "will change HPA echo: max replicas 10 to 7")
}

// warningOfConflicts is the policy frame, which admits what is in conflict.
func warningOfConflicts() plan.Policies {
	return frame(func(s *v1alpha1.LatencyPolicySpec) { s.Conflicts = v1alpha1.Warn })
}
