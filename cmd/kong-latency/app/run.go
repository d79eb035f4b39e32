package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/controller"
	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/cluster/watch"
	"github.com/kong-latency/kong-latency/internal/metrics"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/policy"
	"github.com/kong-latency/kong-latency/internal/version"
	"github.com/kong-latency/kong-latency/webhook"
)

// leaseName is the name of the Lease for the controllers' leader election.
const leaseName = "kong-latency-controller"

// run wires the parts together and runs them until ctx ends and pending admission
// calls are answered.
func run(ctx context.Context, config *rest.Config, o *Options, p parts) error {
	drain := &drain{}
	refused := metrics.Refused.NewCounters()
	refuse := func(string) {}
	if p.webhook {
		drain.period = o.Webhook.DrainPeriod
		refuse = refusing(refused, metrics.AdmissionServer)
	}
	admission, err := newAdmissionServer(&o.Webhook, drain, refuse)
	if err != nil {
		return err
	}
	fresh := cache.NewFreshness()
	lease := newLease(o, p)
	mgr, err := newManager(config, o, p, admission.server, fresh, lease)
	if err != nil {
		return err
	}
	if err := cache.AddIndexes(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	warm, err := addWarm(mgr)
	if err != nil {
		return err
	}
	source, err := newSource(mgr, o, fresh)
	if err != nil {
		return err
	}
	if err := setupMetrics(ctx, mgr, o.MetricsBindAddress, source, refused); err != nil {
		return err
	}
	latest := &pipeline.Latest{Snapshot: source.Snapshot}
	source.Prepare(latest.Prepare)
	if p.webhook {
		known := knowledge(mgr, source, latest, fresh, warm)
		if err := admission.setup(mgr, o, known); err != nil {
			return err
		}
	}
	if p.controller {
		err := addControllers(mgr, o, p, controller.Options{
			Workers: o.Controller.Workers, TimeScale: o.Controller.TimeScale, WorkloadFindings: o.Controller.WorkloadFindingsLimit,
			Pipeline: latest.Evaluator, Subscribe: source.Subscribe,
			Policies: watch.LatestPolicies{Source: source}, SubscribePolicies: source.SubscribePolicies,
			Neighbors: source.Neighbors, SubscribeNeighbors: source.SubscribeNeighbors,
			LatestPolicies: source.Policies, Synced: source.Synced, Outdated: fresh.Outdated, Lease: lease,
		})
		if err != nil {
			return err
		}
	}
	if err := addChecks(mgr, warm, source.Synced, fresh); err != nil {
		return err
	}
	if err := mgr.AddReadyzCheck("draining", drain.ready); err != nil {
		return fmt.Errorf("add readiness check of draining: %w", err)
	}
	ctrl.Log.Info("starting", "version", version.String(), "webhook", p.webhook, "controller", p.controller)
	ctx, cancel := drain.after(ctx)
	defer cancel()
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return nil
}

// newSource is the source of snapshots of the cluster.
func newSource(mgr manager.Manager, o *Options, fresh *cache.Freshness) (*watch.Source, error) {
	where, err := o.Pipeline.Options()
	if err != nil {
		return nil, err
	}
	where.Caches = fresh
	return watch.Setup(mgr, where)
}

// knowledge is what admission knows of the cluster.
func knowledge(mgr manager.Manager, source *watch.Source, latest *pipeline.Latest, fresh *cache.Freshness, warm func() bool) webhook.Knowledge {
	return webhook.Knowledge{
		Reader: cache.Indexed{Reader: mgr.GetClient(), Informers: mgr.GetCache()}, Warm: warm,
		Pipeline: latest.Evaluator, Policies: watch.LatestPolicies{Source: source},
		Neighbors: source.Neighbors, Outdated: fresh.Outdated,
		KnownPolicies: func() ([]v1alpha1.LatencyPolicy, bool) {
			policies := source.Policies()
			return policies.List(), policies.Known()
		},
		Candidates: func(ctx context.Context) ([]policy.Candidate, error) {
			return source.Policies().Candidates(ctx, mgr.GetClient())
		},
	}
}

// addControllers adds the controllers, in `all` so that the webhook outlives the lease.
func addControllers(mgr manager.Manager, o *Options, p parts, of controller.Options) error {
	where, err := o.Pipeline.Options()
	if err != nil {
		return err
	}
	if of.Statuses, err = watch.SetupStatuses(mgr, where); err != nil {
		return err
	}
	if !p.webhook || !o.Controller.LeaderElect {
		return controller.Setup(mgr, of)
	}
	controllers, err := newElected(mgr, o.Namespace, of)
	if err != nil {
		return err
	}
	if err := mgr.Add(controllers); err != nil {
		return fmt.Errorf("add controllers: %w", err)
	}
	return nil
}

// newLease is the lease of the leader election; nil if there is none.
func newLease(o *Options, p parts) *controller.Lease {
	if !p.controller || !o.Controller.LeaderElect {
		return nil
	}
	return controller.NewLease()
}

// addChecks adds the health checks that both processes have.
func addChecks(mgr manager.Manager, warm, synced func() bool, fresh *cache.Freshness) error {
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("add liveness check: %w", err)
	}
	err := mgr.AddReadyzCheck("caches", func(*http.Request) error {
		switch {
		case !warm():
			return errors.New("caches are not warm yet")
		case !synced():
			return errors.New("the pipeline has not been read yet")
		default:
			return fresh.Ready()
		}
	})
	if err != nil {
		return fmt.Errorf("add readiness check of the caches: %w", err)
	}
	return nil
}

func newManager(config *rest.Config, o *Options, p parts, server ctrlwebhook.Server, fresh *cache.Freshness, lease *controller.Lease) (manager.Manager, error) {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("register Kubernetes types: %w", err)
	}
	options := manager.Options{
		Scheme:                        scheme,
		Cache:                         cache.Options(fresh),
		Logger:                        ctrl.Log,
		Metrics:                       metricsserver.Options{BindAddress: "0"}, // see addMetricsServer
		HealthProbeBindAddress:        o.ProbeBindAddress,
		PprofBindAddress:              o.PprofBindAddress,
		LeaderElection:                lease != nil && !p.webhook, // in `all` the controllers elect themselves
		LeaderElectionID:              leaseName,
		LeaderElectionNamespace:       o.Namespace,
		LeaderElectionReleaseOnCancel: true, // nothing runs after Start returns
	}
	if options.LeaderElection {
		leaseDuration, renewDeadline, retryPeriod := controller.LeaseDuration, controller.RenewDeadline, controller.RetryPeriod
		options.LeaseDuration, options.RenewDeadline, options.RetryPeriod = &leaseDuration, &renewDeadline, &retryPeriod
		options.LeaderElectionConfig = lease.Observe(config)
	}
	if p.webhook {
		options.WebhookServer = server
	}
	mgr, err := manager.New(config, options)
	if err != nil {
		return nil, fmt.Errorf("make manager: %w", err)
	}
	return mgr, nil
}

// addWarm returns a function that reports whether the caches are synced. They stay
// so: a broken watch is resumed. Whether one is broken now, cache.Freshness knows.
func addWarm(mgr manager.Manager) (func() bool, error) {
	var warm atomic.Bool
	err := mgr.Add(everywhere(func(ctx context.Context) error {
		if mgr.GetCache().WaitForCacheSync(ctx) {
			warm.Store(true)
		}
		return nil
	}))
	if err != nil {
		return nil, fmt.Errorf("watch the caches: %w", err)
	}
	return warm.Load, nil
}

// everywhere is a runnable that runs without leader election.
type everywhere func(context.Context) error

func (f everywhere) Start(ctx context.Context) error { return f(ctx) }

func (everywhere) NeedLeaderElection() bool { return false }
