package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/test/testutil"
)

func TestResolve(t *testing.T) {
	requested := map[string]string{annotations.TargetMS: "40"}
	tests := map[string]struct {
		deployment, service map[string]string
		noService           bool
		enabled             bool
		plan                string
		reasons             []string
	}{
		"nothing enabled":     {},
		"settings, no target": {deployment: map[string]string{annotations.MinReplicas: "2"}},
		"on the Deployment":   {deployment: requested, enabled: true, plan: "HPA echo: kong_upstream_latency_ms_60s_average of Service echo at 40 ms, 1-10 replicas"},
		"on the Service":      {service: requested, enabled: true, plan: "HPA echo: kong_upstream_latency_ms_60s_average of Service echo at 40 ms, 1-10 replicas"},
		"on both, joined": {
			deployment: map[string]string{annotations.MinReplicas: "3"}, service: map[string]string{annotations.TargetMS: "0.5"},
			enabled: true, plan: "HPA echo: kong_upstream_latency_ms_60s_average of Service echo at 0.5 ms, 3-10 replicas",
		},
		"disagreeing":      {deployment: requested, service: map[string]string{annotations.TargetMS: "50"}, enabled: true, reasons: []string{"SettingsDisagree"}},
		"min over default": {deployment: map[string]string{annotations.TargetMS: "40", annotations.MinReplicas: "11"}, enabled: true, reasons: []string{"MinAboveMax"}},
		"unknown profile":  {deployment: map[string]string{annotations.TargetMS: "40", annotations.Behavior: "calm"}, enabled: true, reasons: []string{"UnknownBehavior"}},
		"no Service":       {deployment: requested, noService: true, enabled: true, reasons: []string{"NoServiceSelectsPods"}},
		"bad value":        {deployment: map[string]string{annotations.TargetMS: "x"}, enabled: true, reasons: []string{"InvalidAnnotation"}},
		"bad Service":      {deployment: requested, service: map[string]string{annotations.Paused: "x"}, enabled: true, reasons: []string{"InvalidAnnotation"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := testutil.Workload(tt.deployment)
			set := model.StaticCatalog{Workloads: []model.Workload{w}}
			if !tt.noService {
				set.Services = []model.Service{testutil.Service(tt.service)}
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
			if r.Enabled != tt.enabled || plan != tt.plan || !cmp.Equal(reasons, tt.reasons) {
				t.Errorf("enabled is %v, plan %q, findings %v", r.Enabled, plan, r.Findings)
			}
			if finding.Blocks(r.Findings) == (r.Plan != nil) && r.Enabled {
				t.Error("a plan and a blocking finding exclude each other")
			}
		})
	}
}
