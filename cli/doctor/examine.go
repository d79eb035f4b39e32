package doctor

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/kong-latency/kong-latency/cli/live"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/loadmetric"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/source"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// examination is one look at a cluster.
type examination struct {
	cluster *live.Connection
	options *Options
	state   *live.State
}

func (e *examination) read(ctx context.Context, refs []live.Ref) error {
	where, err := e.options.Pipeline.Options()
	if err != nil {
		return err
	}
	namespace := e.cluster.Namespace
	if e.options.AllNamespaces {
		namespace = ""
	}
	if e.state, err = e.cluster.Read(ctx, namespace, where); err != nil {
		return err
	}
	for _, ref := range refs {
		if !e.exists(ref) {
			return fmt.Errorf("%s does not exist in namespace %s", ref, e.cluster.Namespace)
		}
	}
	return nil
}

func (e *examination) exists(ref live.Ref) bool {
	for i := range e.state.Listing.Deployments {
		if ref.Kind == annotations.OnDeployment && e.state.Listing.Deployments[i].Name == ref.Name {
			return true
		}
	}
	for i := range e.state.Listing.Services {
		if ref.Kind == annotations.OnService && e.state.Listing.Services[i].Name == ref.Name {
			return true
		}
	}
	return false
}

// reports are those of the workloads that are named, or concerned if none is, and of
// Services that ask in vain.
func (e *examination) reports(ctx context.Context, refs []live.Ref) ([]Report, error) {
	meter, err := newMeter(e.cluster.Config, e.options.PrometheusURL, e.state.Snapshot)
	if err != nil {
		return nil, err
	}
	adapters := e.adapterServices(ctx)
	var out []Report
	for _, w := range e.state.Workloads() {
		if !w.Concerned() && len(refs) == 0 || len(refs) > 0 && !e.named(w, refs) {
			continue
		}
		f := Facts{Workload: w, HPAsUnread: e.state.Listing.HPAsUnread, AdapterServices: adapters}
		if w.Subject != nil {
			f.Pipeline = pipeline.Diagnose(source.Default(), e.state.Snapshot, *w.Subject)
			f.Measured = meter.measure(ctx, *w.Subject, f.Pipeline)
			f.Loads = e.loads(w)
		}
		out = append(out, diagnose(f))
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return append(out, e.lonely(refs)...), nil
}

// loads are the findings about the load metrics of a workload's plan.
func (e *examination) loads(w live.Workload) []loadmetric.Unserved {
	p := w.Plan()
	if p == nil {
		return nil
	}
	seen, _ := w.Observed()
	_, unserved := loadmetric.Judge(*p, func(metric string) loadmetric.Evidence {
		subject := pipeline.Subject{Namespace: p.Namespace, Service: p.Service, Metric: metric}
		return loadmetric.Of(pipeline.Diagnose(source.Default(), e.state.Snapshot, subject), seen, metric)
	})
	return unserved
}

// named reports whether a workload is meant: by its name, or as one that a Service
// selects or is paired with.
func (e *examination) named(w live.Workload, refs []live.Ref) bool {
	if w.Named(refs) {
		return true
	}
	for _, s := range e.services(refs) {
		if w.Subject == nil && s.Namespace == w.Deployment.Namespace && s.Selects(w.Deployment.Spec.Template.Labels) {
			return true
		}
	}
	return false
}

// services are the Services that are named, or all of them without names.
func (e *examination) services(refs []live.Ref) []model.Service {
	var out []model.Service
	for i := range e.state.Listing.Services {
		s := convert.Service(&e.state.Listing.Services[i])
		for _, r := range refs {
			if r.Kind == annotations.OnService && r.Name == s.Name {
				out = append(out, s)
			}
		}
		if len(refs) == 0 {
			out = append(out, s)
		}
	}
	return out
}

// lonely are reports of Services that request autoscaling and have no Deployment, of
// which no workload's report tells.
func (e *examination) lonely(refs []live.Ref) []Report {
	var out []Report
	catalogs := map[string]model.Catalog{}
	for _, s := range e.services(refs) {
		if catalogs[s.Namespace] == nil {
			catalogs[s.Namespace] = e.state.Listing.Catalog(s.Namespace, e.state.Neighbors)
		}
		findings := plan.CheckService(s, catalogs[s.Namespace])
		if len(findings) == 0 {
			continue
		}
		r := Report{Namespace: s.Namespace, Object: s.Object().String()}
		r.add(Settings, findings, nil, "")
		out = append(out, r)
	}
	return out
}

// adapterServices are the Services that look like prometheus-adapter's. They are only
// of use where no APIService leads to one; without the right to list there are none.
func (e *examination) adapterServices(ctx context.Context) []corev1.Service {
	if api := e.state.Snapshot.MetricsAPI; api.State != pipeline.Known || api.Registered {
		return nil
	}
	var list corev1.ServiceList
	if err := e.cluster.List(ctx, &list); err != nil {
		return nil
	}
	var out []corev1.Service
	for i := range list.Items {
		if isAdapterService(&list.Items[i]) {
			out = append(out, list.Items[i])
		}
	}
	return out
}
