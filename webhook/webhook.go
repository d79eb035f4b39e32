// Package webhook answers admission reviews of Deployments, Services and LatencyPolicies:
// it decodes a review, decides with package internal/admission and the cached state of
// the cluster, and renders the decision. It writes nothing to the cluster.
package webhook

import (
	"context"
	"net/http"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	admissionhttp "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/loadmetric"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/source"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// The paths that the webhook configurations call.
const (
	MutateDeploymentsPath       = "/mutate-deployments"
	ValidateDeploymentsPath     = "/validate-deployments"
	ValidateServicesPath        = "/validate-services"
	ValidateLatencyPoliciesPath = "/validate-latencypolicies"
)

// Knowledge is what admission knows of the cluster. While it is not warm,
// nothing is concluded from absent objects.
type Knowledge struct {
	// Reader reads the caches, which have the indexes of cache.AddIndexes.
	Reader client.Reader
	// Warm reports whether the caches hold the cluster's whole state.
	Warm func() bool
	// Outdated returns why the caches, once warm, do not show everything that exists, one
	// clause; empty if they do. It may be nil.
	Outdated func() string
	// Pipeline returns the evaluator of the present snapshot; if it is nil, the pipeline
	// is not evaluated.
	Pipeline func() *pipeline.Evaluator
	// Policies returns the effective policy of a workload; nil means that there are no
	// policies.
	Policies plan.Policies
	// Neighbors returns the other autoscalers and the other owners of pods; nil means that
	// there are none.
	Neighbors func() *cache.Neighbors
	// KnownPolicies returns the existing LatencyPolicies, which are not changed; ok is
	// false if they are not known yet. If it or Candidates is nil, the effect of a policy
	// is not checked.
	KnownPolicies func() (list []v1alpha1.LatencyPolicy, ok bool)
	// Candidates returns the labels of all Deployments.
	Candidates func(context.Context) ([]policy.Candidate, error)
}

// Setup registers the handlers with the manager's webhook server. Their metrics are in
// controller-runtime's registry, so Setup can be called only once in a process.
func Setup(mgr manager.Manager, c Knowledge) error {
	count, err := newCounted(metrics.Registry)
	if err != nil {
		return err
	}
	server := mgr.GetWebhookServer()
	for path, a := range c.answerers() {
		server.Register(path, count.counting(path, a))
	}
	return nil
}

// Handlers returns the handler of each path, without metrics.
func Handlers(c Knowledge) map[string]http.Handler {
	out := map[string]http.Handler{}
	for path, a := range c.answerers() {
		out[path] = a
	}
	return out
}

func (c Knowledge) answerers() map[string]answerer {
	out := map[string]answerer{
		MutateDeploymentsPath:       answering(c.mutateDeployment),
		ValidateDeploymentsPath:     answering(c.validateDeployment),
		ValidateServicesPath:        answering(c.validateService),
		ValidateLatencyPoliciesPath: withFewElements(answering(c.validateLatencyPolicy)),
	}
	d := newDenials()
	for path, a := range out {
		out[path] = d.logging(path, a)
	}
	return out
}

// diagnose is what is wrong with the pipeline of a metric in the present snapshot.
func (c Knowledge) diagnose(namespace, service, metric string) []finding.Finding {
	return c.report(namespace, service, metric).Findings()
}

func (c Knowledge) loadMetric(namespace, service, metric string) loadmetric.Evidence {
	return loadmetric.Of(c.report(namespace, service, metric), output.Observation{}, metric)
}

func (c Knowledge) report(namespace, service, metric string) pipeline.Report {
	return c.Pipeline().Diagnose(source.Default(), pipeline.Subject{Namespace: namespace, Service: service, Metric: metric})
}

// catalog is the namespace's Deployments and Services, or nil if they cannot be known yet.
func (c Knowledge) catalog(ctx context.Context, namespace string) *cache.Catalog {
	if !c.Warm() {
		return nil
	}
	catalog := cache.NewCatalog(ctx, c.Reader, namespace)
	if c.Neighbors != nil {
		catalog.With(c.Neighbors())
	}
	return catalog
}

// outdated is why the caches do not show everything; empty if they do.
func (c Knowledge) outdated() string {
	if c.Outdated == nil {
		return ""
	}
	return c.Outdated()
}

func badRequest(err error) admissionhttp.Response {
	return admissionhttp.Errored(http.StatusBadRequest, err)
}
