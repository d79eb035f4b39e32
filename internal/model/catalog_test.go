package model_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/test/testutil"
)

var app, other = testutil.App(), map[string]string{"app": "other"}

func workload(name string, labels, all map[string]string) model.Workload {
	return testutil.Workload(all, func(w *model.Workload) { w.Name, w.PodLabels = name, labels })
}

func svc(name string, selector, all map[string]string) model.Service {
	return testutil.Service(all, func(s *model.Service) { s.Name, s.Selector = name, selector })
}

func TestOverlays(t *testing.T) {
	set := model.StaticCatalog{
		Workloads: []model.Workload{workload("a", app, nil), workload("c", app, nil)},
		Services:  []model.Service{svc("a", app, nil), svc("c", app, nil)},
	}
	names := func(list []model.Workload) (out []string) {
		for _, w := range list {
			out = append(out, w.Name)
		}
		return out
	}
	all := svc("any", app, nil)
	if got := names(model.WithWorkload(set, workload("b", app, nil)).WorkloadsSelectedBy(all)); !cmp.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("a new workload gives %v", got)
	}
	if got := names(model.WithWorkload(set, workload("c", other, nil)).WorkloadsSelectedBy(all)); !cmp.Equal(got, []string{"a"}) {
		t.Errorf("a relabelled workload gives %v", got)
	}
	over := model.WithService(set, svc("c", other, testutil.Settings("deployment", "x")))
	if got := over.ServicesSelecting(app); len(got) != 1 || got[0].Name != "a" {
		t.Errorf("a Service with another selector gives %v", got)
	}
	if got := over.ServicesNaming("x"); len(got) != 1 || got[0].Name != "c" {
		t.Errorf("a Service that names x gives %v", got)
	}
	if s, ok := over.Service("c"); !ok || s.Annotations.Raw[annotations.Deployment] != "x" {
		t.Errorf("the overlaid Service is %v", s)
	}
	if len(set.Services) != 2 || set.Services[1].Annotations.Raw != nil {
		t.Error("the overlay changed what it lies over")
	}
}
