package testutil

import (
	"testing"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// App is the pod labels of the Deployment that Workload makes, and the selector of the
// Service that Service makes.
func App() map[string]string { return map[string]string{"app": "echo"} }

// Settings are annotations: the target 40, and more keys without their prefix, each
// followed by its value. An empty value removes the key.
func Settings(more ...string) map[string]string {
	m := map[string]string{annotations.TargetMS: "40"}
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] == "" {
			delete(m, annotations.Prefix+more[i])
		} else {
			m[annotations.Prefix+more[i]] = more[i+1]
		}
	}
	return m
}

// Workload is the Deployment echo of namespace default with these annotations.
func Workload(all map[string]string, edits ...func(*model.Workload)) model.Workload {
	w := model.Workload{Namespace: "default", Name: "echo", UID: "uid-1", PodLabels: App()}
	for _, edit := range edits {
		edit(&w)
	}
	return model.NewWorkload(w, all)
}

// Service is the Service echo of namespace default with these annotations.
func Service(all map[string]string, edits ...func(*model.Service)) model.Service {
	s := model.Service{Namespace: "default", Name: "echo", Selector: App()}
	for _, edit := range edits {
		edit(&s)
	}
	return model.NewService(s, all)
}

// Catalog is the namespace of a Deployment and Services.
func Catalog(w model.Workload, services ...model.Service) model.StaticCatalog {
	return model.StaticCatalog{Workloads: []model.Workload{w}, Services: services}
}

// Plan is the plan for a Deployment with these annotations and a plain Service. The test
// fails if there is none, or anything to say about it.
func Plan(t testing.TB, all map[string]string) plan.Plan {
	t.Helper()
	w := Workload(all)
	r := plan.Resolve(w, Catalog(w, Service(nil)), nil)
	if r.Plan == nil || len(r.Findings) > 0 || len(r.Violations) > 0 {
		t.Fatalf("no plan for %v: %v, %v", all, r.Findings, r.Violations)
	}
	return *r.Plan
}
