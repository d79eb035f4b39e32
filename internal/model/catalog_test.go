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
	few := func(list []model.Workload, _ bool) []string { return names(list) }
	if got := few(model.WithWorkload(set, workload("b", app, nil)).FewSelectedBy(all)); !cmp.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("a new workload gives %v", got)
	}
	if got := few(model.WithWorkload(set, workload("c", other, nil)).FewSelectedBy(all)); !cmp.Equal(got, []string{"a"}) {
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

// Of many Deployments behind one Service only the first few are returned.
func TestFewOfMany(t *testing.T) {
	var set model.StaticCatalog
	for _, name := range []string{"f", "e", "d", "c", "b"} {
		set.Workloads = append(set.Workloads, workload(name, app, nil))
	}
	s := svc("any", app, nil)
	for name, c := range map[string]model.Catalog{"all": set, "one more": model.WithWorkload(set, workload("a", app, nil)), "one less": model.WithWorkload(set, workload("b", other, nil))} {
		if first, more := c.FewSelectedBy(s); len(first) < 2 || len(first) > model.Few || !more {
			t.Errorf("%s: got %d, more %v", name, len(first), more)
		}
	}
	set.Workloads = set.Workloads[:model.Few]
	if first, more := set.FewSelectedBy(s); len(first) != model.Few || more {
		t.Errorf("got %d, more %v", len(first), more)
	}
	if first, more := model.WithWorkload(set, workload("a", app, nil)).FewSelectedBy(s); len(first) != model.Few || first[0].Name != "a" || !more {
		t.Errorf("got %v, more %v", first, more)
	}
}
