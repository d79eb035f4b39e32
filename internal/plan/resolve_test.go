package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
)

func echo(ours map[string]string) model.Workload {
	return model.Workload{Namespace: "default", Name: "echo", UID: "uid-1",
		PodLabels: map[string]string{"app": "echo"}, Annotations: ours}
}

func echoService(ours map[string]string) model.Service {
	return model.Service{Namespace: "default", Name: "echo", Selector: map[string]string{"app": "echo"}, Annotations: ours}
}

// planOf is the plan for a Deployment with these annotations and a plain Service.
func planOf(t *testing.T, ours map[string]string) plan.Plan {
	t.Helper()
	w := echo(ours)
	r := plan.Resolve(w, model.Set{Workloads: []model.Workload{w}, Services: []model.Service{echoService(nil)}}, nil)
	if r.Plan == nil || len(r.Findings) > 0 {
		t.Fatalf("no plan for %v: %v", ours, r.Findings)
	}
	return *r.Plan
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
			set := model.Set{Workloads: []model.Workload{w}}
			if !tt.noService {
				set.Services = []model.Service{echoService(tt.service)}
			}
			r := plan.Resolve(w, set, nil)
			plan := ""
			if r.Plan != nil {
				plan = r.Plan.String()
			}
			var reasons []string
			for _, f := range r.Findings {
				reasons = append(reasons, f.Reason.Name)
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
