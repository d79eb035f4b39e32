package plan_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/test/testutil"
)

func workload(name string, labels, all map[string]string) model.Workload {
	return testutil.Workload(all, func(w *model.Workload) { w.Name, w.PodLabels = name, labels })
}

func svc(name string, selector, all map[string]string) model.Service {
	return testutil.Service(all, func(s *model.Service) { s.Name, s.Selector = name, selector })
}

var (
	app       = map[string]string{"app": "echo"}
	app2      = map[string]string{"app": "echo", "track": "canary"}
	requested = testutil.Settings()
	other     = map[string]string{"app": "other"}
)

func requestedWith(key, value string) map[string]string {
	return map[string]string{annotations.TargetMS: "40", key: value}
}

func reasons(findings []finding.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, f.Reason.Name)
	}
	slices.Sort(out)
	return out
}

func TestPair(t *testing.T) {
	tests := map[string]struct {
		workload workloads
		services []model.Service
		enabled  bool
		service  string
		reasons  []string
	}{
		"nobody requests":                            {workload: workloads{workload("echo", app, nil)}, services: []model.Service{svc("echo", app, nil)}},
		"the one that selects":                       {workloads{workload("echo", app, requested)}, []model.Service{svc("a", other, nil), svc("b", app, nil)}, true, "b", nil},
		"none selects":                               {workloads{workload("echo", app, requested)}, []model.Service{svc("a", other, nil), svc("empty", nil, nil)}, true, "", []string{"NoServiceSelectsPods"}},
		"two select":                                 {workloads{workload("echo", app, requested)}, []model.Service{svc("a", app, nil), svc("b", app, nil)}, true, "", []string{"AmbiguousService"}},
		"two select, one named":                      {workloads{workload("echo", app, requestedWith(annotations.Service, "b"))}, []model.Service{svc("a", app, nil), svc("b", app, nil)}, true, "b", nil},
		"two select, one requests":                   {workloads{workload("echo", app, requested)}, []model.Service{svc("a", app, nil), svc("b", app, requested)}, true, "b", nil},
		"two select, both request":                   {workloads{workload("echo", app, nil)}, []model.Service{svc("a", app, requested), svc("b", app, requested)}, true, "", []string{"AmbiguousService"}},
		"named is missing":                           {workloads{workload("echo", app, requestedWith(annotations.Service, "b"))}, []model.Service{svc("a", app, nil)}, true, "", []string{"ServiceNotFound"}},
		"named does not select":                      {workloads{workload("echo", app, requestedWith(annotations.Service, "b"))}, []model.Service{svc("b", other, nil)}, true, "b", []string{"ServiceDoesNotSelectPods"}},
		"named, and another requests":                {workloads{workload("echo", app, requestedWith(annotations.Service, "b"))}, []model.Service{svc("a", app, requested), svc("b", app, nil)}, true, "", []string{"AmbiguousService"}},
		"the Service requests":                       {workloads{workload("echo", app, nil)}, []model.Service{svc("a", app, requested)}, true, "a", nil},
		"the Service requests by name":               {workloads{workload("echo", app, nil), workload("echo2", app, nil)}, []model.Service{svc("a", app, requestedWith(annotations.Deployment, "echo"))}, true, "a", nil},
		"the Service names another":                  {workload: workloads{workload("echo", app, nil), workload("echo2", app, nil)}, services: []model.Service{svc("a", app, requestedWith(annotations.Deployment, "echo2"))}},
		"the Service selects several":                {workloads{workload("echo", app, nil), workload("echo2", app2, nil)}, []model.Service{svc("a", app, requested)}, true, "", []string{"AmbiguousDeployment"}},
		"requests itself under a shared Service":     {workloads{workload("echo", app, requested), workload("echo2", app2, nil)}, []model.Service{svc("a", app, nil)}, true, "a", nil},
		"requests itself under a requesting Service": {workloads{workload("echo", app, requested), workload("echo2", app2, nil)}, []model.Service{svc("a", app, requested)}, true, "a", nil},
		"the Service's values are bad":               {workloads{workload("echo", app, nil)}, []model.Service{svc("a", app, map[string]string{annotations.TargetMS: "x"})}, true, "", []string{"InvalidAnnotation"}},
		"its own values are bad":                     {workloads{workload("echo", app, map[string]string{annotations.Paused: "x"})}, []model.Service{svc("a", app, requested)}, true, "", []string{"InvalidAnnotation"}},
		"they disagree":                              {workloads{workload("echo", app, requestedWith(annotations.MinReplicas, "2"))}, []model.Service{svc("a", app, map[string]string{annotations.TargetMS: "50", annotations.MinReplicas: "3"})}, true, "a", []string{"SettingsDisagree", "SettingsDisagree"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			set := model.StaticCatalog{Workloads: tt.workload, Services: tt.services}
			p, enabled, findings := plan.Pair(tt.workload[0], set)
			if enabled != tt.enabled || p.Service.Name != tt.service || !cmp.Equal(reasons(findings), tt.reasons) {
				t.Errorf("enabled %v, Service %q, findings %v", enabled, p.Service.Name, findings)
			}
		})
	}
}

type workloads = []model.Workload

func TestCheckService(t *testing.T) {
	two := []model.Workload{workload("echo", app, nil), workload("echo2", app2, nil)}
	tests := map[string]struct {
		service   model.Service
		workloads []model.Workload
		want      []string
	}{
		"does not request": {svc("a", app, nil), nil, nil},
		"selects one":      {svc("a", app2, requested), two, nil},
		"selects none":     {svc("a", other, requested), two, []string{"NoDeploymentSelected"}},
		"has no selector":  {svc("a", nil, requested), two, []string{"NoDeploymentSelected"}},
		"selects two":      {svc("a", app, requested), two, []string{"AmbiguousDeployment"}},
		"names one":        {svc("a", app, requestedWith(annotations.Deployment, "echo")), two, nil},
		"names none":       {svc("a", app, requestedWith(annotations.Deployment, "gone")), two, []string{"DeploymentNotFound"}},
		"bad value":        {svc("a", app, requestedWith(annotations.Paused, "?")), two, []string{"InvalidAnnotation"}},
	}
	for name, tt := range tests {
		if got := reasons(plan.CheckService(tt.service, model.StaticCatalog{Workloads: tt.workloads})); !cmp.Equal(got, tt.want) {
			t.Errorf("%s: found %v, want %v", name, got, tt.want)
		}
	}
}
