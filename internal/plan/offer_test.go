package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
)

var off = map[string]string{annotations.TargetMS: annotations.Off}

func TestOffIsNotAsking(t *testing.T) {
	stamped := map[string]string{annotations.TargetMS: "40", annotations.AttachedBy: "p=40"}
	tests := map[string]struct {
		workloads []model.Workload // the first is resolved
		services  []model.Service
		enabled   bool
		reasons   []string
	}{
		"off":                                   {workloads{workload("echo", app, off)}, []model.Service{svc("a", app, nil)}, false, nil},
		"off on both":                           {workloads{workload("echo", app, off)}, []model.Service{svc("a", app, off)}, false, nil},
		"off here, requested by the Service":    {workloads{workload("echo", app, off)}, []model.Service{svc("a", app, requested)}, true, []string{"SettingsDisagree"}},
		"requested here, off on the Service":    {workloads{workload("echo", app, requested)}, []model.Service{svc("a", app, off)}, true, []string{"SettingsDisagree"}},
		"off under an ambiguous Service":        {workloads{workload("echo", app, off), workload("echo2", app2, nil)}, []model.Service{svc("a", app, requested)}, false, nil},
		"written by auto-attach":                {workloads{workload("echo", app, stamped)}, []model.Service{svc("a", app, nil)}, false, nil},
		"written, and requested by the Service": {workloads{workload("echo", app, stamped)}, []model.Service{svc("a", app, map[string]string{annotations.TargetMS: "50"})}, true, nil},
	}
	for name, tt := range tests {
		_, enabled, findings := plan.Pair(tt.workloads[0], model.StaticCatalog{Workloads: tt.workloads, Services: tt.services})
		if enabled != tt.enabled || !cmp.Equal(reasons(findings), tt.reasons) {
			t.Errorf("%s: enabled %v, findings %v", name, enabled, findings)
		}
	}
}

func TestOffer(t *testing.T) {
	two := []model.Service{svc("a", app, nil), svc("b", app, nil)}
	min2 := map[string]string{annotations.MinReplicas: "2"}
	tests := map[string]struct {
		all      map[string]string
		services []model.Service
		one      bool
		service  string
		reasons  []string
	}{
		"one selects":               {nil, []model.Service{svc("a", other, nil), svc("b", app, nil)}, true, "b", nil},
		"none selects":              {nil, []model.Service{svc("a", other, nil)}, false, "", []string{"NoServiceSelectsPods"}},
		"two select":                {nil, two, false, "", []string{"AmbiguousService"}},
		"two select, one is named":  {map[string]string{annotations.Service: "b"}, two, true, "b", nil},
		"the named one is missing":  {map[string]string{annotations.Service: "c"}, two, false, "", []string{"ServiceNotFound"}},
		"the workload declines":     {off, []model.Service{svc("a", app, nil)}, false, "", nil},
		"its Service declines":      {nil, []model.Service{svc("a", app, off)}, false, "", nil},
		"the workload's bad value":  {map[string]string{annotations.Paused: "x"}, []model.Service{svc("a", app, nil)}, true, "", []string{"InvalidAnnotation"}},
		"the Service's bad value":   {nil, []model.Service{svc("a", app, map[string]string{annotations.Paused: "x"})}, true, "", []string{"InvalidAnnotation"}},
		"they disagree":             {min2, []model.Service{svc("a", app, map[string]string{annotations.MinReplicas: "3"})}, true, "a", []string{"SettingsDisagree"}},
		"declines with a bad value": {map[string]string{annotations.TargetMS: annotations.Off, annotations.Paused: "x"}, nil, false, "", nil},
	}
	for name, tt := range tests {
		w := workload("echo", app, tt.all)
		p, one, findings := plan.Offer(w, model.StaticCatalog{Workloads: []model.Workload{w}, Services: tt.services})
		if one != tt.one || p.Service.Name != tt.service || !cmp.Equal(reasons(findings), tt.reasons) {
			t.Errorf("%s: one %v, Service %q, findings %v", name, one, p.Service.Name, findings)
		}
	}
	joined, _, _ := plan.Offer(workload("echo", app, min2), model.StaticCatalog{Services: []model.Service{svc("a", app, map[string]string{annotations.MaxReplicas: "7"})}})
	if *joined.Settings.MinReplicas != 2 || *joined.Settings.MaxReplicas != 7 || joined.Settings.Target != nil {
		t.Errorf("settings of both are joined to %+v", joined.Settings)
	}
}
