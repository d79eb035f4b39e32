package generator

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/annotations"
	"github.com/kong-latency/kong-latency/finding"
	"github.com/kong-latency/kong-latency/target"
)

func echo(ours map[string]string) target.Workload {
	return target.Workload{Namespace: "default", Name: "echo", UID: "uid-1",
		PodLabels: map[string]string{"app": "echo"}, Annotations: ours}
}

func echoService(ours map[string]string) target.Service {
	return target.Service{Namespace: "default", Name: "echo", Selector: map[string]string{"app": "echo"}, Annotations: ours}
}

// planOf is the plan for a Deployment with these annotations and a plain Service.
func planOf(t *testing.T, ours map[string]string) Plan {
	t.Helper()
	w := echo(ours)
	r := Resolve(w, target.Set{Workloads: []target.Workload{w}, Services: []target.Service{echoService(nil)}}, nil)
	if r.Plan == nil || len(r.Findings) > 0 {
		t.Fatalf("no plan for %v: %v", ours, r.Findings)
	}
	return *r.Plan
}

func asMap(t *testing.T, v any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTargetAloneGivesTheSeed(t *testing.T) {
	raw, err := os.ReadFile("testdata/seed.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var seed map[string]any
	if err := yaml.UnmarshalStrict(raw, &seed); err != nil {
		t.Fatal(err)
	}
	got := asMap(t, HPA(planOf(t, map[string]string{annotations.TargetMS: "40"})))
	delete(got, "status")
	// The label marks what is ours; the page has none.
	meta := got["metadata"].(map[string]any)
	if diff := cmp.Diff(map[string]any{ManagedByLabel: ManagedBy}, meta["labels"]); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	delete(meta, "labels")
	if diff := cmp.Diff(seed, got); diff != "" {
		t.Errorf("HorizontalPodAutoscaler (-seed +got):\n%s", diff)
	}
}

func TestEverySettingReachesTheHPA(t *testing.T) {
	spec := HPA(planOf(t, map[string]string{
		annotations.TargetMS: "0.5", annotations.MinReplicas: "2", annotations.MaxReplicas: "20",
		annotations.Metric: "latency_p99", annotations.Behavior: "stable", annotations.CPUUtilization: "70",
	})).Spec
	if *spec.MinReplicas != 2 || spec.MaxReplicas != 20 {
		t.Errorf("bounds are %d and %d, want 2 and 20", *spec.MinReplicas, spec.MaxReplicas)
	}
	if len(spec.Metrics) != 2 {
		t.Fatalf("metrics are %v, want latency and CPU", spec.Metrics)
	}
	latency := spec.Metrics[0].Object
	if latency.Metric.Name != "latency_p99" || latency.Target.Value.String() != "500m" || latency.Target.AverageValue != nil {
		t.Errorf("latency metric is %+v", latency)
	}
	cpu := spec.Metrics[1].Resource
	if cpu.Name != "cpu" || *cpu.Target.AverageUtilization != 70 {
		t.Errorf("CPU metric is %+v", cpu)
	}
	if w := *spec.Behavior.ScaleDown.StabilizationWindowSeconds; w != 300 {
		t.Errorf("the stable profile waits %d s before scaling in, want 300", w)
	}
}

func TestPausedDisablesDirections(t *testing.T) {
	tests := map[string]struct {
		up, down autoscalingv2.ScalingPolicySelect
	}{
		"false":     {autoscalingv2.MaxChangePolicySelect, autoscalingv2.MaxChangePolicySelect},
		"true":      {autoscalingv2.DisabledPolicySelect, autoscalingv2.DisabledPolicySelect},
		"scale-in":  {autoscalingv2.MaxChangePolicySelect, autoscalingv2.DisabledPolicySelect},
		"scale-out": {autoscalingv2.DisabledPolicySelect, autoscalingv2.MaxChangePolicySelect},
	}
	for value, want := range tests {
		p := planOf(t, map[string]string{annotations.TargetMS: "40", annotations.Paused: value})
		ac, err := ApplyConfiguration(p)
		if err != nil {
			t.Fatal(err)
		}
		b := ac.Spec.Behavior
		if *b.ScaleUp.SelectPolicy != want.up || *b.ScaleDown.SelectPolicy != want.down {
			t.Errorf("paused %s: up %s, down %s, want %s, %s", value, *b.ScaleUp.SelectPolicy, *b.ScaleDown.SelectPolicy, want.up, want.down)
		}
		if len(b.ScaleUp.Policies) != 2 || len(b.ScaleDown.Policies) != 1 {
			t.Errorf("paused %s changes the policies, so that resuming would not restore them", value)
		}
	}
}

func TestApplyConfigurationIsOwned(t *testing.T) {
	ac, err := ApplyConfiguration(planOf(t, map[string]string{annotations.TargetMS: "40"}))
	if err != nil {
		t.Fatal(err)
	}
	if len(ac.OwnerReferences) != 1 {
		t.Fatalf("owners are %v, want the Deployment", ac.OwnerReferences)
	}
	o := ac.OwnerReferences[0]
	if *o.UID != "uid-1" || *o.Kind != "Deployment" || *o.APIVersion != "apps/v1" || !*o.Controller || o.BlockOwnerDeletion != nil {
		t.Errorf("owner is %v", asMap(t, o))
	}
	if ac.Status != nil {
		t.Error("the status is applied, which is the autoscaler's")
	}
}

// live is the plan's autoscaler as the API server returns it.
func live(p Plan) *autoscalingv2.HorizontalPodAutoscaler {
	h := HPA(p)
	h.UID = types.UID("hpa")
	h.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: "echo",
		UID: types.UID(p.DeploymentUID), Controller: ptr.To(true)}}
	h.Spec.Behavior.ScaleDown.SelectPolicy = ptr.To(autoscalingv2.MaxChangePolicySelect)
	return h
}

func TestUpToDate(t *testing.T) {
	p := planOf(t, map[string]string{annotations.TargetMS: "40"})
	same := map[string]func(*autoscalingv2.HorizontalPodAutoscaler){
		"as applied":    func(*autoscalingv2.HorizontalPodAutoscaler) {},
		"further label": func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Labels["team"] = "a" },
		"annotation":    func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Annotations = map[string]string{"a": "b"} },
		"status":        func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Status.CurrentReplicas = 4 },
		"tolerance":     func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.Behavior.ScaleUp.Tolerance = &p.Target },
	}
	for name, edit := range same {
		h := live(p)
		edit(h)
		if !UpToDate(h, p) {
			t.Errorf("%s: counts as different", name)
		}
	}
	different := map[string]func(*autoscalingv2.HorizontalPodAutoscaler){
		"min":         func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.MinReplicas = ptr.To[int32](3) },
		"max":         func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.MaxReplicas = 3 },
		"no behavior": func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.Behavior = nil },
		"paused": func(h *autoscalingv2.HorizontalPodAutoscaler) {
			h.Spec.Behavior.ScaleDown.SelectPolicy = ptr.To(autoscalingv2.DisabledPolicySelect)
		},
		"no metrics":   func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.Metrics = nil },
		"other target": func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.ScaleTargetRef.Name = "other" },
		"label gone":   func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Labels = nil },
		"owner gone":   func(h *autoscalingv2.HorizontalPodAutoscaler) { h.OwnerReferences = nil },
		"other owner":  func(h *autoscalingv2.HorizontalPodAutoscaler) { h.OwnerReferences[0].UID = "uid-2" },
	}
	for name, edit := range different {
		h := live(p)
		edit(h)
		if UpToDate(h, p) {
			t.Errorf("%s: counts as equal", name)
		}
	}
}

func TestResolve(t *testing.T) {
	ask := map[string]string{annotations.TargetMS: "40"}
	tests := map[string]struct {
		deployment, service map[string]string
		noService           bool
		asked               bool
		plan                string
		reasons             []string
	}{
		"nothing asked":       {},
		"settings, no target": {deployment: map[string]string{annotations.MinReplicas: "2"}},
		"on the Deployment":   {deployment: ask, asked: true, plan: "HPA echo: kong_upstream_latency_ms_60s_average of Service echo at 40 ms, 1-10 replicas"},
		"on the Service":      {service: ask, asked: true, plan: "HPA echo: kong_upstream_latency_ms_60s_average of Service echo at 40 ms, 1-10 replicas"},
		"on both, joined": {
			deployment: map[string]string{annotations.MinReplicas: "3"}, service: map[string]string{annotations.TargetMS: "0.5"},
			asked: true, plan: "HPA echo: kong_upstream_latency_ms_60s_average of Service echo at 0.5 ms, 3-10 replicas",
		},
		"disagreeing":      {deployment: ask, service: map[string]string{annotations.TargetMS: "50"}, asked: true, reasons: []string{"SettingsDisagree"}},
		"min over default": {deployment: map[string]string{annotations.TargetMS: "40", annotations.MinReplicas: "11"}, asked: true, reasons: []string{"MinAboveMax"}},
		"unknown profile":  {deployment: map[string]string{annotations.TargetMS: "40", annotations.Behavior: "calm"}, asked: true, reasons: []string{"UnknownBehavior"}},
		"no Service":       {deployment: ask, noService: true, asked: true, reasons: []string{"NoServiceSelectsPods"}},
		"bad value":        {deployment: map[string]string{annotations.TargetMS: "x"}, asked: true, reasons: []string{"InvalidAnnotation"}},
		"bad Service":      {deployment: ask, service: map[string]string{annotations.Paused: "x"}, asked: true, reasons: []string{"InvalidAnnotation"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := echo(tt.deployment)
			set := target.Set{Workloads: []target.Workload{w}}
			if !tt.noService {
				set.Services = []target.Service{echoService(tt.service)}
			}
			r := Resolve(w, set, nil)
			plan := ""
			if r.Plan != nil {
				plan = r.Plan.String()
			}
			var reasons []string
			for _, f := range r.Findings {
				reasons = append(reasons, f.Reason)
			}
			if r.Asked != tt.asked || plan != tt.plan || !cmp.Equal(reasons, tt.reasons) {
				t.Errorf("got asked %v, plan %q, findings %v", r.Asked, plan, r.Findings)
			}
			if finding.Blocks(r.Findings) == (r.Plan != nil) && r.Asked {
				t.Error("a plan and a blocking finding exclude each other")
			}
		})
	}
}
