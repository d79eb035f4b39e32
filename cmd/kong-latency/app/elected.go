package app

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	ctrlcache "sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	crleaderelection "sigs.k8s.io/controller-runtime/pkg/leaderelection"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/kong-latency/kong-latency/controller"
)

// elected runs the controllers of `kong-latency all` while this process has the lease.
//
// A manager of controller-runtime ends when it loses the lease, because nothing else stops
// its controllers for certain, and the process ends with it. Here that would also end the
// webhook, which needs no lease. So the controllers have a manager of their own for each
// time that the lease is theirs; it shares the caches of the process. It is stopped and
// waited for before the lease is given up or requested again.
type elected struct {
	lock resourcelock.Interface
	// build makes a manager with the controllers.
	build func() (manager.Manager, error)
	log   logr.Logger
}

var _ manager.LeaderElectionRunnable = (*elected)(nil)

// NeedLeaderElection is false: it elects the leader itself.
func (*elected) NeedLeaderElection() bool { return false }

// Start implements manager.Runnable: it runs until ctx ends. What makes the controllers
// fail is logged and retried, as a restart of the process would.
func (e *elected) Start(ctx context.Context) error {
	for pause := e.backoff(); ctx.Err() == nil; {
		began := time.Now()
		err := e.term(ctx)
		select {
		case <-ctx.Done():
			return nil
		default:
		}
		if time.Since(began) > time.Minute {
			pause = e.backoff()
		}
		next := pause.Step()
		if err != nil {
			e.log.Error(err, "the controllers ended", "startedAgainIn", next.String())
		} else {
			e.log.Info("lost the lease and stopped the controllers; the webhook serves on", "requestedAgainIn", next.String())
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

func (*elected) backoff() wait.Backoff {
	return wait.Backoff{Duration: time.Second, Factor: 2, Jitter: 0.2, Steps: 32, Cap: time.Minute}
}

// term requests the lease and runs the controllers for as long as it is kept.
func (e *elected) term(ctx context.Context) error {
	mgr, err := e.build()
	if err != nil {
		return err
	}
	leading := make(chan struct{})
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: e.lock, Name: leaseName,
		LeaseDuration: controller.LeaseDuration, RenewDeadline: controller.RenewDeadline, RetryPeriod: controller.RetryPeriod,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { close(leading) },
			OnStoppedLeading: func() {},
		},
		ReleaseOnCancel: true, // it is cancelled when the controllers have ended
	})
	if err != nil {
		return fmt.Errorf("set up leader election: %w", err)
	}
	// The lease is renewed until the controllers have ended, also when ctx ends.
	electing, release := context.WithCancel(logr.NewContext(context.WithoutCancel(ctx), e.log))
	over := make(chan struct{})
	go func() {
		defer close(over)
		elector.Run(electing)
	}()
	defer func() {
		release()
		<-over
	}()
	select {
	case <-ctx.Done():
		return nil
	case <-over:
		return nil
	case <-leading:
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-over: // the lease is lost
			stop()
		case <-running.Done():
		}
	}()
	if err := mgr.Start(running); err != nil {
		return fmt.Errorf("run the controllers: %w", err)
	}
	return nil
}

// newElected returns the controllers of a process whose manager mgr has no leader election.
func newElected(mgr manager.Manager, namespace string, o controller.Options) (*elected, error) {
	lock, err := crleaderelection.NewResourceLock(o.Lease.Observe(mgr.GetConfig()), mgr, crleaderelection.Options{
		LeaderElection: true, LeaderElectionNamespace: namespace, LeaderElectionID: leaseName, RenewDeadline: controller.RenewDeadline,
	})
	if err != nil {
		return nil, fmt.Errorf("make lock of leader election: %w", err)
	}
	subscriptions := []*relay{relayOf(&o.Subscribe), relayOf(&o.SubscribePolicies), relayOf(&o.SubscribeNeighbors)}
	build := func() (manager.Manager, error) {
		for _, s := range subscriptions {
			s.reset()
		}
		inner, err := sharing(mgr)
		if err != nil {
			return nil, err
		}
		return inner, controller.Setup(inner, o)
	}
	return &elected{lock: lock, build: build, log: ctrl.Log.WithName("leader-election")}, nil
}

// sharing returns a manager without servers and leader election that uses the caches of
// mgr.
func sharing(mgr manager.Manager) (manager.Manager, error) {
	inner, err := manager.New(mgr.GetConfig(), manager.Options{
		Scheme:         mgr.GetScheme(),
		Logger:         mgr.GetLogger(),
		MapperProvider: func(*rest.Config, *http.Client) (meta.RESTMapper, error) { return mgr.GetRESTMapper(), nil },
		NewCache: func(*rest.Config, ctrlcache.Options) (ctrlcache.Cache, error) {
			return &sharedCache{Cache: mgr.GetCache()}, nil
		},
		Metrics:                metricsserver.Options{BindAddress: "0"},
		HealthProbeBindAddress: "0",
		PprofBindAddress:       "0",
		// The names of controllers are used again after the lease was lost.
		Controller: config.Controller{SkipNameValidation: ptr.To(true)},
	})
	if err != nil {
		return nil, fmt.Errorf("make manager of the controllers: %w", err)
	}
	return inner, nil
}

// relay passes calls on to those who subscribed since it was reset.
type relay struct {
	mu sync.Mutex
	to []func()
}

// relayOf subscribes a relay for good, and has later subscriptions made at the relay.
func relayOf(subscribe *func(func())) *relay {
	r := &relay{}
	if *subscribe != nil {
		(*subscribe)(r.call)
		*subscribe = r.add
	}
	return r
}

func (r *relay) add(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.to = append(r.to, f)
}

func (r *relay) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.to = nil
}

func (r *relay) call() {
	r.mu.Lock()
	to := r.to[:len(r.to):len(r.to)]
	r.mu.Unlock()
	for _, f := range to {
		f()
	}
}

// sharedCache is a cache that somebody else runs. What a manager adds to it is removed
// when the manager ends.
type sharedCache struct {
	ctrlcache.Cache

	mu      sync.Mutex
	removal []func()
}

// Start implements cache.Cache. It does not start the cache.
func (c *sharedCache) Start(ctx context.Context) error {
	<-ctx.Done()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, remove := range c.removal {
		remove()
	}
	c.removal = nil
	return nil
}

// GetInformer implements cache.Cache.
func (c *sharedCache) GetInformer(ctx context.Context, o client.Object, opts ...ctrlcache.InformerGetOption) (ctrlcache.Informer, error) {
	return c.share(c.Cache.GetInformer(ctx, o, opts...))
}

// GetInformerForKind implements cache.Cache.
func (c *sharedCache) GetInformerForKind(ctx context.Context, kind schema.GroupVersionKind, opts ...ctrlcache.InformerGetOption) (ctrlcache.Informer, error) {
	return c.share(c.Cache.GetInformerForKind(ctx, kind, opts...))
}

func (c *sharedCache) share(informer ctrlcache.Informer, err error) (ctrlcache.Informer, error) {
	if err != nil {
		return nil, err
	}
	return &sharedInformer{Informer: informer, cache: c}, nil
}

// sharedInformer remembers the handlers that are added.
type sharedInformer struct {
	ctrlcache.Informer
	cache *sharedCache
}

// AddEventHandler implements cache.Informer.
func (i *sharedInformer) AddEventHandler(h toolscache.ResourceEventHandler) (toolscache.ResourceEventHandlerRegistration, error) {
	return i.added(i.Informer.AddEventHandler(h))
}

// AddEventHandlerWithResyncPeriod implements cache.Informer.
func (i *sharedInformer) AddEventHandlerWithResyncPeriod(h toolscache.ResourceEventHandler, every time.Duration) (toolscache.ResourceEventHandlerRegistration, error) {
	return i.added(i.Informer.AddEventHandlerWithResyncPeriod(h, every))
}

// AddEventHandlerWithOptions implements cache.Informer.
func (i *sharedInformer) AddEventHandlerWithOptions(h toolscache.ResourceEventHandler, o toolscache.HandlerOptions) (toolscache.ResourceEventHandlerRegistration, error) {
	return i.added(i.Informer.AddEventHandlerWithOptions(h, o))
}

func (i *sharedInformer) added(r toolscache.ResourceEventHandlerRegistration, err error) (toolscache.ResourceEventHandlerRegistration, error) {
	if err != nil {
		return nil, err
	}
	i.cache.mu.Lock()
	defer i.cache.mu.Unlock()
	i.cache.removal = append(i.cache.removal, func() {
		_ = i.Informer.RemoveEventHandler(r) // it fails for a handler of another informer
	})
	return r, nil
}
