package live

import (
	"cmp"
	"context"
	"slices"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/cluster/watch"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/output/outputs"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
	"github.com/kong-latency/kong-latency/internal/status"
)

// State is the state of a cluster on which the plans of workloads depend.
type State struct {
	*watch.Picture
	Listing *cache.Listing
	// Reported are the LatencyAutoscalers, by their Deployments. They are only read if
	// something else could not be.
	Reported map[types.NamespacedName]*v1alpha1.LatencyAutoscaler
}

// Read reads a namespace, or all if it is empty, and the pipeline. Without the
// rights for Deployments and Services nothing can be decided, which is an error;
// what else may not be read is in the state as not known.
func (c *Connection) Read(ctx context.Context, namespace string, o watch.Options) (*State, error) {
	var s State
	var errs [2]error
	var reading sync.WaitGroup
	reading.Go(func() { s.Listing, errs[0] = cache.List(ctx, c, namespace) })
	reading.Go(func() { s.Picture, errs[1] = watch.Read(ctx, c.Config, o) })
	reading.Wait()
	if err := cmp.Or(errs[0], errs[1]); err != nil {
		return nil, err
	}
	if s.complete() {
		return &s, nil
	}
	var err error
	if s.Reported, err = c.reported(ctx, namespace); err != nil {
		return nil, err
	}
	return &s, nil
}

// complete reports whether everything could be read by which workloads are judged.
func (s *State) complete() bool {
	return s.Policies.Known() && s.Snapshot.Unread() == 0 && s.Listing.HPAsUnread == "" && s.Neighbors.Complete()
}

// Workload is a Deployment with its plan and findings.
type Workload struct {
	Deployment *appsv1.Deployment
	Resolution plan.Resolution
	// Live is the managed object that scales it now; nil if there is none, or it is not known.
	Live output.Object
	// Subject is the Service whose metric counts; nil if it is not known.
	Subject *pipeline.Subject
	// Reported is what the controller reported of the workload; nil if that is not known,
	// or not needed.
	Reported *status.Report
}

// Plan returns what the workload gets: as it was resolved or, if it is not known which
// policy applies, as the controller reported it, which is for people only. It is nil if
// the workload gets nothing, or it is not known what.
func (w Workload) Plan() *plan.Plan {
	r := w.Resolution
	if r.Plan != nil || w.Reported == nil || !finding.Has(r.Findings, policy.PolicyUnknown) || finding.Blocks(r.Findings) {
		return r.Plan
	}
	return w.Reported.Plan
}

// Workloads resolves every Deployment, sorted by namespace and name.
func (s *State) Workloads() []Workload {
	catalogs := map[string]model.Catalog{}
	out := make([]Workload, 0, len(s.Listing.Deployments))
	for i := range s.Listing.Deployments {
		d := &s.Listing.Deployments[i]
		if catalogs[d.Namespace] == nil {
			catalogs[d.Namespace] = s.Listing.Catalog(d.Namespace, s.Neighbors)
		}
		out = append(out, s.workload(d, catalogs[d.Namespace]))
	}
	slices.SortFunc(out, func(a, b Workload) int {
		return cmp.Or(cmp.Compare(a.Deployment.Namespace, b.Deployment.Namespace), cmp.Compare(a.Deployment.Name, b.Deployment.Name))
	})
	return out
}

func (s *State) workload(d *appsv1.Deployment, c model.Catalog) Workload {
	w := convert.Workload(d)
	out := Workload{Deployment: d, Resolution: plan.Resolve(w, c, s.Policies)}
	if la := s.Reported[types.NamespacedName{Namespace: d.Namespace, Name: d.Name}]; la != nil {
		out.Reported = status.ReportOf(la, d.UID)
	}
	if managed := out.Resolution.Claim.Managed; managed != nil {
		out.Live = s.hpa(d.Namespace, managed.Name)
		if p := out.Resolution.Plan; p != nil && out.Live != nil {
			p.Learned = out.Output().Learned(out.Live, *p)
			seen := out.Output().Observe(out.Live)
			for _, l := range p.Resolved.Loads() {
				// Whether one that is not attached is to be, the status of the workload says.
				if _, attached := seen.Metric(l.Metric); !attached {
					p.Omitted = append(p.Omitted, l.Metric)
				}
			}
		}
	}
	if p := out.Plan(); p != nil {
		out.Subject = &pipeline.Subject{Namespace: p.Namespace, Service: p.Service, Metric: p.Metric}
	} else if out.Subject = out.subject(); out.Subject == nil {
		out.Subject = paired(w, c)
	}
	return out
}

func (s *State) hpa(namespace, name string) output.Object {
	for i := range s.Listing.HPAs {
		if h := &s.Listing.HPAs[i]; h.Namespace == namespace && h.Name == name {
			return h
		}
	}
	return nil
}

// Output is what the workload is scaled by, or would be.
func (w Workload) Output() output.Output {
	if managed := w.Resolution.Claim.Managed; managed != nil {
		if o, ok := outputs.OfKind(managed.Kind); ok {
			return o
		}
	}
	return outputs.Default()
}

// Observed returns what the live object shows; ok is false if there is none.
func (w Workload) Observed() (o output.Observation, ok bool) {
	if w.Live == nil {
		return output.Observation{}, false
	}
	return w.Output().Observe(w.Live), true
}

// subject is the metric of a Service by which the live object scales.
func (w Workload) subject() *pipeline.Subject {
	seen, _ := w.Observed()
	for _, m := range seen.Metrics {
		if m.Service != "" {
			return &pipeline.Subject{Namespace: w.Deployment.Namespace, Service: m.Service, Metric: m.Name}
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
		Metric: cmp.Or(pairing.Settings.Metric, pairing.Settings.Statistic.Metric()),
	}
}

// Concerned reports whether the workload is enabled or has a managed autoscaler. If it is
// not known whether a policy enables it, the controller's report shows it.
func (w Workload) Concerned() bool {
	return w.Resolution.Enabled || w.Resolution.Claim.Managed != nil || w.Resolution.Retained && w.Reported != nil
}

// Named reports whether one of the references names the Deployment or its Service.
func (w Workload) Named(refs []Ref) bool {
	return slices.ContainsFunc(refs, func(r Ref) bool {
		return r.Kind == annotations.OnDeployment && r.Name == w.Deployment.Name ||
			r.Kind == annotations.OnService && w.Subject != nil && r.Name == w.Subject.Service
	})
}
