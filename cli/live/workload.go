package live

import (
	"cmp"
	"context"
	"slices"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/cluster"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// State is the state of a cluster on which the plans of workloads depend.
type State struct {
	*cluster.Picture
	Listing *cluster.Listing
}

// Read reads a namespace, or all if it is empty, and the pipeline. Without the right
// to read Deployments and Services it returns an error; anything else that may not be
// read is unknown in the state.
func (c *Cluster) Read(ctx context.Context, namespace string, o cluster.Options) (*State, error) {
	var s State
	var errs [2]error
	var reading sync.WaitGroup
	reading.Go(func() { s.Listing, errs[0] = cluster.List(ctx, c, namespace) })
	reading.Go(func() { s.Picture, errs[1] = cluster.Read(ctx, c.Config, o) })
	reading.Wait()
	if err := cmp.Or(errs[0], errs[1]); err != nil {
		return nil, err
	}
	return &s, nil
}

// Workload is a Deployment with its plan and findings.
type Workload struct {
	Deployment *appsv1.Deployment
	Resolution plan.Resolution
	// HPA is the autoscaler that scales it now; nil if there is none or it is unknown.
	HPA *autoscalingv2.HorizontalPodAutoscaler
	// Subject is what the metric is requested for; nil if its Service is unknown.
	Subject *pipeline.Subject
}

// Workloads resolves every Deployment, sorted by namespace and name.
func (s *State) Workloads() []Workload {
	catalogs := map[string]model.Catalog{}
	out := make([]Workload, 0, len(s.Listing.Deployments))
	for i := range s.Listing.Deployments {
		d := &s.Listing.Deployments[i]
		if catalogs[d.Namespace] == nil {
			catalogs[d.Namespace] = s.Listing.Catalog(d.Namespace, s.ScaledObjects)
		}
		out = append(out, s.workload(d, catalogs[d.Namespace]))
	}
	slices.SortFunc(out, func(a, b Workload) int {
		return cmp.Or(cmp.Compare(a.Deployment.Namespace, b.Deployment.Namespace), cmp.Compare(a.Deployment.Name, b.Deployment.Name))
	})
	return out
}

func (s *State) workload(d *appsv1.Deployment, c model.Catalog) Workload {
	w := cluster.Workload(d)
	out := Workload{Deployment: d, Resolution: plan.Resolve(w, c, s.Policies)}
	if claimed := out.Resolution.Claim.Ours; claimed != nil {
		out.HPA = s.hpa(d.Namespace, claimed.Name)
	}
	if p := out.Resolution.Plan; p != nil {
		out.Subject = &pipeline.Subject{Namespace: p.Namespace, Service: p.Service, Metric: p.Metric}
	} else if out.Subject = subjectOf(out.HPA); out.Subject == nil {
		out.Subject = paired(w, c)
	}
	return out
}

func (s *State) hpa(namespace, name string) *autoscalingv2.HorizontalPodAutoscaler {
	for i := range s.Listing.HPAs {
		if h := &s.Listing.HPAs[i]; h.Namespace == namespace && h.Name == name {
			return h
		}
	}
	return nil
}

// subjectOf returns what an autoscaler requests: the metric of its Service.
func subjectOf(h *autoscalingv2.HorizontalPodAutoscaler) *pipeline.Subject {
	if h == nil {
		return nil
	}
	for _, m := range h.Spec.Metrics {
		if m.Object != nil && m.Object.DescribedObject.Kind == "Service" {
			return &pipeline.Subject{Namespace: h.Namespace, Service: m.Object.DescribedObject.Name, Metric: m.Object.Metric.Name}
		}
	}
	return nil
}

// paired returns the subject of an enabled workload without a plan, as when the
// policies may not be read.
func paired(w model.Workload, c model.Catalog) *pipeline.Subject {
	pairing, enabled, _ := plan.Pair(w, c)
	if !enabled || pairing.Service.Name == "" {
		return nil
	}
	return &pipeline.Subject{
		Namespace: w.Namespace, Service: pairing.Service.Name,
		Metric: cmp.Or(pairing.Settings.Metric, annotations.DefaultMetric),
	}
}

// Concerned reports whether the workload is enabled or has a managed autoscaler.
func (w Workload) Concerned() bool {
	return w.Resolution.Asked || w.Resolution.Claim.Ours != nil
}

// Named reports whether one of the references names the Deployment or its Service.
func (w Workload) Named(refs []Ref) bool {
	return slices.ContainsFunc(refs, func(r Ref) bool {
		return r.Kind == annotations.OnDeployment && r.Name == w.Deployment.Name ||
			r.Kind == annotations.OnService && w.Subject != nil && r.Name == w.Subject.Service
	})
}
