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

// State is what was read of a cluster to decide about workloads.
type State struct {
	*cluster.Picture
	Listing *cluster.Listing
}

// Read reads a namespace, or all if it is empty, and the pipeline. Without the
// rights for Deployments and Services nothing can be decided, which is an error;
// what else may not be read is in the state as not known.
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

// Workload is a Deployment and what is decided about it.
type Workload struct {
	Deployment *appsv1.Deployment
	Resolution plan.Resolution
	// HPA is the one by which it is scaled now; nil if none is, or it is not known.
	HPA *autoscalingv2.HorizontalPodAutoscaler
	// Subject is whose metric scales it; nil if no Service is known to be its.
	Subject *pipeline.Subject
}

// Workloads decides about every Deployment, sorted by namespace and name.
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
	if managed := out.Resolution.Claim.Managed; managed != nil {
		out.HPA = s.hpa(d.Namespace, managed.Name)
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

// subjectOf is what an autoscaler scales by: the metric of its Service.
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

// paired is the subject of a workload that is enabled and gets no plan, as when the
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

// Concerned reports whether the workload is enabled, or has a managed autoscaler.
func (w Workload) Concerned() bool {
	return w.Resolution.Enabled || w.Resolution.Claim.Managed != nil
}

// Named reports whether one of the references names the Deployment or its Service.
func (w Workload) Named(refs []Ref) bool {
	return slices.ContainsFunc(refs, func(r Ref) bool {
		return r.Kind == annotations.OnDeployment && r.Name == w.Deployment.Name ||
			r.Kind == annotations.OnService && w.Subject != nil && r.Name == w.Subject.Service
	})
}
