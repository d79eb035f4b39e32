package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
	"github.com/kong-latency/kong-latency/test/testutil"
)

// frame is a policy that selects everything, attaches at 50 ms and allows 20 replicas.
func frame(edits ...func(*v1alpha1.LatencyPolicySpec)) v1alpha1.LatencyPolicy {
	p := v1alpha1.LatencyPolicy{ObjectMeta: metav1.ObjectMeta{Name: "frame"}}
	p.Spec.AutoAttach = &v1alpha1.AutoAttach{TargetMilliseconds: resource.MustParse("50")}
	p.Spec.Limits = &v1alpha1.Limits{MaxReplicas: &v1alpha1.Int32Range{Max: ptr.To[int32](20)}}
	p.Spec.Defaults = &v1alpha1.Defaults{MinReplicas: ptr.To[int32](2)}
	for _, edit := range edits {
		edit(&p.Spec)
	}
	return p
}

// rules are these policies, in a namespace that lets them attach if auto is true.
func rules(auto bool, list ...v1alpha1.LatencyPolicy) plan.PolicySet {
	labels := map[string]string{"team": "a"}
	if auto {
		labels[policy.AutoAttachLabel] = policy.AutoAttachEnabled
	}
	return plan.PolicySet{Set: policy.Compile(list), Namespace: func(string) (map[string]string, bool) { return labels, true }}
}

func unknownNamespace(list ...v1alpha1.LatencyPolicy) plan.PolicySet {
	return plan.PolicySet{Set: policy.Compile(list), Namespace: func(string) (map[string]string, bool) { return nil, false }}
}

func reasonsOf(findings []finding.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, f.Reason.Name)
	}
	return out
}

const (
	at40 = "HPA echo: kong_upstream_latency_ms_60s_average of Service echo at 40 ms, 2-10 replicas"
	at50 = "HPA echo: kong_upstream_latency_ms_60s_average of Service echo at 50 ms, 2-10 replicas (by LatencyPolicy frame)"
)

func TestResolveUnderPolicies(t *testing.T) {
	on := func(pairs ...string) map[string]string {
		m := map[string]string{}
		for i := 0; i+1 < len(pairs); i += 2 {
			m[annotations.Prefix+pairs[i]] = pairs[i+1]
		}
		return m
	}
	requested := on("target-ms", "40")
	onlyTeamB := func(s *v1alpha1.LatencyPolicySpec) {
		s.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"team": "b"}}
	}
	onlyWeb := func(s *v1alpha1.LatencyPolicySpec) {
		s.WorkloadSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"tier": "web"}}
	}
	noAuto := func(s *v1alpha1.LatencyPolicySpec) { s.AutoAttach = nil }
	type services = []model.Service
	one := services{testutil.Service(nil)}
	second := testutil.Service(nil)
	second.Name = "echo2"
	tests := map[string]struct {
		all      map[string]string
		services services
		policies plan.Policies
		want     plan.Resolution // without the plan
		plan     string
	}{
		"no policies":                       {requested, one, plan.PolicySet{}, plan.Resolution{Enabled: true, EnabledBy: plan.ByDeployment}, "HPA echo: kong_upstream_latency_ms_60s_average of Service echo at 40 ms, 1-10 replicas"},
		"requested on the Deployment":       {requested, one, rules(false, frame()), plan.Resolution{Enabled: true, EnabledBy: plan.ByDeployment, PolicyName: "frame"}, at40},
		"requested on the Service":          {nil, services{testutil.Service(requested)}, rules(true, frame()), plan.Resolution{Enabled: true, EnabledBy: plan.ByService, PolicyName: "frame"}, at40},
		"requested on both":                 {requested, services{testutil.Service(requested)}, rules(true, frame()), plan.Resolution{Enabled: true, EnabledBy: plan.ByDeployment, PolicyName: "frame"}, at40},
		"under none":                        {nil, one, rules(true, frame(onlyTeamB)), plan.Resolution{}, ""},
		"outside of a limit":                {on("target-ms", "40", "max-replicas", "30"), one, rules(false, frame()), plan.Resolution{Enabled: true, EnabledBy: plan.ByDeployment, PolicyName: "frame", Findings: []finding.Finding{{Reason: policy.LimitClamped}}}, "HPA echo: kong_upstream_latency_ms_60s_average of Service echo at 40 ms, 2-20 replicas"},
		"the profile went with the policy":  {on("target-ms", "40", "behavior", "calm"), one, rules(false), plan.Resolution{Enabled: true, EnabledBy: plan.ByDeployment, Findings: []finding.Finding{{Reason: policy.UnknownBehavior}}}, ""},
		"attached":                          {nil, one, rules(true, frame()), plan.Resolution{Enabled: true, EnabledBy: plan.ByPolicy, PolicyName: "frame"}, at50},
		"attached, with its other settings": {on("min-replicas", "4"), services{testutil.Service(on("max-replicas", "6"))}, rules(true, frame()), plan.Resolution{Enabled: true, EnabledBy: plan.ByPolicy, PolicyName: "frame"}, "HPA echo: kong_upstream_latency_ms_60s_average of Service echo at 50 ms, 4-6 replicas (by LatencyPolicy frame)"},
		"the namespace has no label":        {nil, one, rules(false, frame()), plan.Resolution{PolicyName: "frame"}, ""},
		"the policy does not attach":        {nil, one, rules(true, frame(noAuto)), plan.Resolution{PolicyName: "frame"}, ""},
		"its labels are not selected":       {nil, one, rules(true, frame(onlyWeb)), plan.Resolution{}, ""},
		"off":                               {on("target-ms", "off"), one, rules(true, frame()), plan.Resolution{PolicyName: "frame"}, ""},
		"off on the Service":                {nil, services{testutil.Service(on("target-ms", "off"))}, rules(true, frame()), plan.Resolution{PolicyName: "frame"}, ""},
		"no Service":                        {nil, nil, rules(true, frame()), plan.Resolution{Retained: true, PolicyName: "frame", Findings: []finding.Finding{{Reason: plan.NoServiceSelectsPods}}}, ""},
		"two Services":                      {nil, services{testutil.Service(nil), second}, rules(true, frame()), plan.Resolution{Retained: true, PolicyName: "frame", Findings: []finding.Finding{{Reason: plan.AmbiguousService}}}, ""},
		"two Services, one named":           {on("service", "echo"), services{testutil.Service(nil), second}, rules(true, frame()), plan.Resolution{Enabled: true, EnabledBy: plan.ByPolicy, PolicyName: "frame"}, at50},
		"attached, with bad settings":       {on("paused", "x"), one, rules(true, frame()), plan.Resolution{Enabled: true, EnabledBy: plan.ByPolicy, PolicyName: "frame", Findings: []finding.Finding{{Reason: annotations.InvalidAnnotation}}}, ""},
		"written, and still so":             {on("target-ms", "30", "attached-by", "frame=30"), one, rules(true, frame()), plan.Resolution{Enabled: true, EnabledBy: plan.ByPolicy, PolicyName: "frame"}, at50},
		"written, and turned off since":     {on("target-ms", "50", "attached-by", "frame=50"), one, rules(false, frame()), plan.Resolution{PolicyName: "frame"}, ""},
		"written, and the policy is gone":   {on("target-ms", "50", "attached-by", "frame=50"), one, rules(true), plan.Resolution{}, ""},
		"written, and changed by hand":      {on("target-ms", "40", "attached-by", "frame=50"), one, rules(false, frame()), plan.Resolution{Enabled: true, EnabledBy: plan.ByDeployment, PolicyName: "frame"}, at40},
		"requested, and not known":          {requested, one, unknownNamespace(frame()), plan.Resolution{Enabled: true, EnabledBy: plan.ByDeployment, Findings: []finding.Finding{{Reason: policy.PolicyUnknown}}}, ""},
		"not requested, and not known":      {nil, one, unknownNamespace(frame()), plan.Resolution{Retained: true, Findings: []finding.Finding{{Reason: policy.PolicyUnknown}}}, ""},
		"off, and not known":                {on("target-ms", "off"), one, unknownNamespace(frame()), plan.Resolution{}, ""},
		"no policy cares for the namespace": {nil, one, unknownNamespace(), plan.Resolution{}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := testutil.Workload(tt.all)
			r := plan.Resolve(w, model.StaticCatalog{Workloads: []model.Workload{w}, Services: tt.services}, tt.policies)
			text := ""
			if r.Plan != nil {
				text = r.Plan.String()
				if r.Plan.EnabledBy != r.EnabledBy || r.Plan.PolicyName != r.PolicyName {
					t.Errorf("the plan says %q, %q, %v", r.Plan.EnabledBy, r.Plan.PolicyName, r.Plan.Enforcement)
				}
			}
			if text != tt.plan {
				t.Errorf("plan is %q, want %q; findings %v", text, tt.plan, r.Findings)
			}
			if diff := cmp.Diff(reasonsOf(tt.want.Findings), reasonsOf(r.Findings)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			r.Plan, r.Findings, r.Violations, tt.want.Findings, r.Claim = nil, nil, nil, nil, plan.Claim{}
			if diff := cmp.Diff(tt.want, r); diff != "" {
				t.Errorf("resolution (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAutoAttachLabelHasToSayEnabled(t *testing.T) {
	w := testutil.Workload(nil)
	set := testutil.Catalog(w, testutil.Service(nil))
	for _, value := range []string{"", "true", "Enabled", "disabled"} {
		r := plan.PolicySet{Set: policy.Compile([]v1alpha1.LatencyPolicy{frame()}), Namespace: func(string) (map[string]string, bool) {
			return map[string]string{policy.AutoAttachLabel: value}, true
		}}
		if got := plan.Resolve(w, set, r); got.Enabled {
			t.Errorf("%s: %q attaches %s", policy.AutoAttachLabel, value, got.Plan)
		}
	}
}

func TestPlanCarriesTheEnforcement(t *testing.T) {
	w := testutil.Workload(map[string]string{annotations.TargetMS: "40"})
	set := testutil.Catalog(w, testutil.Service(nil))
	warn := frame(func(s *v1alpha1.LatencyPolicySpec) {
		s.Pipeline = &v1alpha1.Pipeline{Enforcement: []v1alpha1.HopEnforcement{{Hop: "adapter-rule", Action: policy.Warn}}}
	})
	if got := plan.Resolve(w, set, nil).Plan.Enforcement; len(got) != 0 {
		t.Errorf("without a policy it is %v", got)
	}
	want := policy.Enforcement{"adapter-rule": policy.Warn}
	if diff := cmp.Diff(want, plan.Resolve(w, set, rules(false, warn)).Plan.Enforcement); diff != "" {
		t.Errorf("with a policy (-want +got):\n%s", diff)
	}
}

// What the webhook writes for a plan resolves to the same plan.
func TestStampReadsBackAsThePolicys(t *testing.T) {
	half := frame(func(s *v1alpha1.LatencyPolicySpec) { s.AutoAttach.TargetMilliseconds = resource.MustParse("500m") })
	policies := rules(true, half)
	w := testutil.Workload(nil)
	set := testutil.Catalog(w, testutil.Service(nil))
	first := plan.Resolve(w, set, policies).Plan
	stamp := first.Stamp()
	if stamp != (annotations.Stamp{Policy: "frame", Target: "0.5"}) {
		t.Fatalf("the stamp is %+v", stamp)
	}
	w = model.NewWorkload(w, map[string]string{annotations.TargetMS: stamp.Target, annotations.AttachedBy: stamp.String()})
	again := plan.Resolve(w, set, policies)
	if again.EnabledBy != plan.ByPolicy || again.Plan.String() != first.String() {
		t.Errorf("stamped, it resolves to %+v", again)
	}
}
