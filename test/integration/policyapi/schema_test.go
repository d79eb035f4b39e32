package policyapi

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
)

// TestBounds violates the bounds in the schema that are not CEL rules.
func TestBounds(t *testing.T) {
	behaviors := func(n int) string {
		var items []string
		for i := range n {
			items = append(items, fmt.Sprintf("{name: b%d, scaleUp: {}}", i))
		}
		return "behaviors: [" + strings.Join(items, ", ") + "]"
	}
	long := func(n int) string { return strings.Repeat("a", n) }
	for _, c := range []struct{ spec, field, says string }{
		{"conflicts: Ignore", "spec.conflicts", `supported values: "Deny", "Warn"`},
		{"autoAttach: {}", "spec.autoAttach.targetMilliseconds", "Required value"},
		// A fraction needs quotes, because the API machinery does not support such numbers here.
		{"autoAttach: {targetMilliseconds: 0.5}", "spec.autoAttach.targetMilliseconds", "must be of type integer,string"},
		{"autoAttach: {targetMilliseconds: '" + strings.Repeat("1", 17) + "'}", "spec.autoAttach.targetMilliseconds", "Too long: may not be more than 16"},
		{"defaults: {statistic: p999}", "spec.defaults.statistic", `supported values: "average", "p50", "p90", "p95", "p99"`},
		{"defaults: {onNoEffect: stop}", "spec.defaults.onNoEffect", `supported values: "hold", "continue"`},
		{"defaults: {concurrencyPerPod: 2.8}", "spec.defaults.concurrencyPerPod", "must be of type integer,string"},
		{"defaults: {requestsPerSecondPerPod: '" + strings.Repeat("1", 17) + "'}", "spec.defaults.requestsPerSecondPerPod", "Too long: may not be more than 16"},
		{"defaults: {minReplicas: 0}", "spec.defaults.minReplicas", "greater than or equal to 1"},
		{"defaults: {maxReplicas: 1000000000}", "spec.defaults.maxReplicas", "less than or equal to 999999999"},
		{"defaults: {cpuUtilization: 0}", "spec.defaults.cpuUtilization", "greater than or equal to 1"},
		{"defaults: {cpuUtilization: 101}", "spec.defaults.cpuUtilization", "less than or equal to 100"},
		{"defaults: {metric: " + long(254) + "}", "spec.defaults.metric", "Too long: may not be more than 253"},
		{"defaults: {behavior: " + long(64) + "}", "spec.defaults.behavior", "Too long: may not be more than 63"},
		{"limits: {minReplicas: {min: 0}}", "spec.limits.minReplicas.min", "greater than or equal to 1"},
		{"limits: {maxReplicas: {max: 0}}", "spec.limits.maxReplicas.max", "greater than or equal to 1"},
		{behaviors(9), "spec.behaviors", "must have at most 8 items"},
		{"behaviors: [{name: " + long(64) + ", scaleUp: {}}]", "spec.behaviors[0].name", "Too long: may not be more than 63"},
		{"behaviors: [{name: a, scaleUp: {}}, {name: a, scaleDown: {}}]", "spec.behaviors[1]", `Duplicate value: {"name":"a"}`},
		{"pipeline: {enforcement: [{hop: adapter, action: Deny}]}", "spec.pipeline.enforcement[0].hop", `"adapter-rule"`},
		{"pipeline: {enforcement: [{hop: route, action: Refuse}]}", "spec.pipeline.enforcement[0].action", `supported values: "Deny", "Warn", "Ignore"`},
		{"pipeline: {enforcement: [{hop: route, action: Deny}, {hop: route, action: Warn}]}", "spec.pipeline.enforcement[1]", `Duplicate value: {"hop":"route"}`},
		{"pipeline: {operatorService: {name: a}}", "spec.pipeline.operatorService.namespace", "Required value"},
		{"pipeline: {prometheus: {namespace: " + long(64) + ", name: a}}", "spec.pipeline.prometheus.namespace", "Too long: may not be more than 63"},
		{"pipeline: {adapterConfigMap: {namespace: a, name: b, key: ''}}", "spec.pipeline.adapterConfigMap.key", "at least 1 char"},
	} {
		t.Run(c.spec[:min(len(c.spec), 60)], func(t *testing.T) {
			cause := causes(t, create(t, policy(t, "refused", c.spec)))[0]
			if cause.Field != c.field || !strings.Contains(cause.Message, c.says) {
				t.Errorf("got\n%s: %s\nwant\n%s: %s", cause.Field, cause.Message, c.field, c.says)
			}
		})
	}
}

// TestNoNumberIsTooLarge checks that numbers that cannot be decoded are refused: one
// such policy would prevent listing all others. API servers refuse them by the format
// or by the bound.
func TestNoNumberIsTooLarge(t *testing.T) {
	for spec, field := range map[string]string{
		"priority: 2147483648":  "spec.priority",
		"priority: -2147483649": "spec.priority",
		"behaviors: [{name: a, scaleUp: {policies: [{type: Pods, value: 2147483648, periodSeconds: 1}]}}]": "spec.behaviors[0].scaleUp.policies",
	} {
		t.Run(spec, func(t *testing.T) {
			cause := causes(t, create(t, policy(t, "refused", spec)))[0]
			if !strings.Contains(cause.Field+" "+cause.Message, field) {
				t.Errorf("got %s: %s\nwant one about %s", cause.Field, cause.Message, field)
			}
		})
	}
}

// TestAllowed checks the limits of what is allowed.
func TestAllowed(t *testing.T) {
	var specs []string
	for _, target := range []string{
		"40", `"40"`, `"0.5"`, `"0.001"`, "500m", "1m", "3600000", `"3600000.000"`, "3600000000m", "1k", "3600k", "3M", "4e1",
	} {
		specs = append(specs, "autoAttach: {targetMilliseconds: "+target+"}")
	}
	specs = append(specs,
		"namespaceSelector: {}\nworkloadSelector: {matchLabels: {a: b}, matchExpressions: [{key: a, operator: Exists}, {key: a, operator: DoesNotExist, values: []}]}",
		"defaults: {minReplicas: 10}",
		"defaults: {maxReplicas: 999999999, cpuUtilization: 100, metric: 'a:b_c.d-e', behavior: stable}",
		"limits: {targetMilliseconds: {min: 50, max: 50}, minReplicas: {min: 3, max: 3}, maxReplicas: {min: 3, max: 3}}\n"+
			"defaults: {minReplicas: 3, maxReplicas: 3}\nautoAttach: {targetMilliseconds: '50.000'}",
		"limits: {targetMilliseconds: {}, minReplicas: {}}",
		"defaults: {requestsPerSecondPerPod: auto, concurrencyPerPod: '2.8', statistic: p95, onNoEffect: continue, behavior: steady}\n"+
			"limits: {requestsPerSecondPerPod: {min: 2800m, max: 1M}, concurrencyPerPod: {min: '2.8', max: '2.80'}}",
		"defaults: {requestsPerSecondPerPod: 'off', concurrencyPerPod: 1000000}\nlimits: {requestsPerSecondPerPod: {min: 1}, concurrencyPerPod: {}}",
		"behaviors: [{name: steady, scaleUp: {}}]\ndefaults: {behavior: steady}",
		"behaviors: [{name: own-1, scaleUp: {stabilizationWindowSeconds: 3600, tolerance: '0.05', selectPolicy: Disabled}}]\ndefaults: {behavior: own-1}",
		"behaviors: [{name: own, scaleDown: {tolerance: 0, policies: [{type: Percent, value: 200, periodSeconds: 1800}]}}]",
		"pipeline: {prometheus: {namespace: a-b, name: a.b-c}, adapterConfigMap: {namespace: a, name: b, key: A_b.c-d}}",
	)
	for i, spec := range specs {
		if err := create(t, policy(t, fmt.Sprintf("allowed-%d", i), spec)); err != nil {
			t.Errorf("%s\n%v", spec, err)
		}
	}
}

func TestDefaults(t *testing.T) {
	o := &v1alpha1.LatencyPolicy{ObjectMeta: metav1.ObjectMeta{Name: "defaulted"}}
	if err := create(t, o); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(v1alpha1.LatencyPolicySpec{Conflicts: v1alpha1.Deny}, o.Spec); diff != "" {
		t.Errorf("an empty policy (-want +got):\n%s", diff)
	}
	u := policy(t, "empty", "pipeline: {adapterConfigMap: {namespace: a, name: b}}")
	if err := create(t, u); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"priority":  int64(0),
		"conflicts": "Deny",
		"pipeline":  map[string]any{"adapterConfigMap": map[string]any{"namespace": "a", "name": "b", "key": "config.yaml"}},
	}
	if diff := cmp.Diff(want, u.Object["spec"]); diff != "" {
		t.Errorf("what is filled in (-want +got):\n%s", diff)
	}
}

// TestTypesAndDefinitionAgree writes every field with the Go types, which encode
// quantities in several forms, reads it back and writes it again.
func TestTypesAndDefinitionAgree(t *testing.T) {
	selector := &metav1.LabelSelector{
		MatchLabels:      map[string]string{"a": "b"},
		MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "c", Operator: metav1.LabelSelectorOpIn, Values: []string{"d"}}},
	}
	rules := &autoscalingv2.HPAScalingRules{
		StabilizationWindowSeconds: ptr.To[int32](1),
		SelectPolicy:               ptr.To(autoscalingv2.MinChangePolicySelect),
		Policies:                   []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PodsScalingPolicy, Value: 4, PeriodSeconds: 2}},
		Tolerance:                  ptr.To(resource.MustParse("0.05")),
	}
	spec := v1alpha1.LatencyPolicySpec{
		Priority: -7, NamespaceSelector: selector, WorkloadSelector: selector,
		AutoAttach: &v1alpha1.AutoAttach{TargetMilliseconds: resource.MustParse("1000")}, // encoded as 1k
		Defaults: &v1alpha1.Defaults{
			MinReplicas: ptr.To[int32](2), MaxReplicas: ptr.To[int32](20),
			Metric: "m", Behavior: "own", CPUUtilization: ptr.To[int32](80),
			Statistic: "p95", OnNoEffect: "continue",
			RequestsPerSecondPerPod: ptr.To(intstr.FromInt32(12)), ConcurrencyPerPod: ptr.To(intstr.FromString("2.8")),
		},
		Limits: &v1alpha1.Limits{
			TargetMilliseconds: &v1alpha1.QuantityRange{Min: ptr.To(resource.MustParse("0.5")), Max: ptr.To(resource.MustParse("3600000"))},
			MinReplicas:        &v1alpha1.Int32Range{Min: ptr.To[int32](1), Max: ptr.To[int32](5)},
			MaxReplicas:        &v1alpha1.Int32Range{Min: ptr.To[int32](2), Max: ptr.To[int32](50)},

			RequestsPerSecondPerPod: &v1alpha1.LoadRange{Min: ptr.To(resource.MustParse("0.5")), Max: ptr.To(resource.MustParse("1000"))},
			ConcurrencyPerPod:       &v1alpha1.LoadRange{Min: ptr.To(resource.MustParse("1")), Max: ptr.To(resource.MustParse("1000000"))},
		},
		Behaviors: []v1alpha1.NamedBehavior{{
			Name:                            "own",
			HorizontalPodAutoscalerBehavior: autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: rules, ScaleDown: rules},
		}},
		Pipeline: &v1alpha1.Pipeline{
			Enforcement:      []v1alpha1.HopEnforcement{{Hop: "route", Action: v1alpha1.Ignore}},
			AdapterConfigMap: &v1alpha1.ConfigMapKey{Namespace: "a", Name: "b", Key: "c"},
			OperatorService:  &v1alpha1.ObjectName{Namespace: "a", Name: "b"},
			Prometheus:       &v1alpha1.ObjectName{Namespace: "a", Name: "b"},
		},
		Conflicts: v1alpha1.Warn,
	}
	o := &v1alpha1.LatencyPolicy{ObjectMeta: metav1.ObjectMeta{Name: "whole"}, Spec: *spec.DeepCopy()}
	if err := create(t, o); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(spec, o.Spec); diff != "" {
		t.Errorf("what was written and what is stored (-written +stored):\n%s", diff)
	}
	status := v1alpha1.LatencyPolicyStatus{
		ObservedGeneration: 1,
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: "InForce",
			LastTransitionTime: metav1.Unix(1700000000, 0), ObservedGeneration: 1,
		}},
		Attached: 3, Blocked: 2, Paused: 1,
		BlockedWorkloads: []v1alpha1.BlockedWorkload{{Namespace: "a", Name: "b", Reason: "MinAboveMax", Message: "m"}},
	}
	o.Status = *status.DeepCopy()
	if err := admin.Status().Update(t.Context(), o, client.FieldOwner("test")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(status, o.Status); diff != "" {
		t.Errorf("the status that was written and is stored (-written +stored):\n%s", diff)
	}
	if diff := cmp.Diff(spec, o.Spec); diff != "" {
		t.Errorf("writing the status changed the spec (-before +after):\n%s", diff)
	}
}
