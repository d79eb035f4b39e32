// Package watch follows the objects of the metric pipeline in a cluster and keeps what
// it knows of them in one pipeline.Snapshot, which is replaced as a whole when something
// changes.
//
// Setup adds a Source to a manager. For each kind, a reader lists and watches it and
// tracks whether it is installed, may be read and has been read; a kind that is missing
// or forbidden is marked so in the snapshot and tried again. A poller reads what cannot
// be watched, such as prometheus-adapter's configuration. LatencyPolicies and
// Neighbors are followed in the same way. Read does all of it once, for programs that
// do not keep running.
package watch

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	ctrlcache "sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/cluster/discover"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// Options of a Source. With the zero value everything is discovered automatically.
type Options struct {
	// OperatorService names the Service of Kong Operator's metrics.
	OperatorService types.NamespacedName
	// AdapterConfigMap names the ConfigMap with the adapter's configuration, and
	// AdapterKey its key, which is config.yaml if empty.
	AdapterConfigMap types.NamespacedName
	AdapterKey       string
	// Caches is how the caches of the manager follow the cluster; nil means that they do.
	Caches *cache.Freshness
	// Interval is the interval between reads of what cannot be watched: kinds that are
	// not installed, the adapter's pods and its ConfigMap. Zero means 5 seconds.
	Interval time.Duration
	// Grace is how long a kind that was read stays known while it cannot be read. Zero
	// means one minute.
	Grace time.Duration
	// Debounce is the time without changes after which a new snapshot is made. At most
	// one is made in ten times that time. Zero means 100 ms.
	Debounce time.Duration
}

func (o Options) withDefaults() Options {
	if o.Interval <= 0 {
		o.Interval = 5 * time.Second
	}
	if o.Grace <= 0 {
		o.Grace = grace
	}
	if o.Debounce <= 0 {
		o.Debounce = 100 * time.Millisecond
	}
	return o
}

// places are those that the policies name, and for the rest those of the options.
func (o Options) places(policies *Policies) discover.Places {
	return discover.Places{
		Adapter:         discover.ConfigMapKey{Name: o.AdapterConfigMap, Key: o.AdapterKey},
		OperatorService: o.OperatorService,
	}.With(policies.set.Places())
}

// Source keeps a snapshot of the pipeline's objects up to date. It is safe for
// concurrent use.
type Source struct {
	options  Options
	log      logr.Logger
	cache    ctrlcache.Cache
	services serviceWatcher
	// operator finds the Services that may be the one of Kong Operator's metrics.
	operator func(context.Context) pipeline.Set[pipeline.OperatorService]
	kinds    *kinds
	poller   *poller
	reads    reads
	// wake has room for one: it says that something changed, not how often.
	wake chan struct{}

	current   atomic.Pointer[pipeline.Snapshot]
	policies  atomic.Pointer[Policies]
	neighbors atomic.Pointer[cache.Neighbors]
	synced    atomic.Bool
	// first is closed when synced becomes true.
	first chan struct{}
	// changedAt is when current was last swapped.
	changedAt atomic.Pointer[time.Time]

	// readFor is what the policies were made of, and guard says what is known of them;
	// only follow looks at both.
	readFor [2]any
	guard   policyGuard

	mu                                                  sync.Mutex
	subscribers, policySubscribers, neighborSubscribers []func()
	// prepare is called with each snapshot before it is swapped in.
	prepare func(*pipeline.Snapshot)
}

// deps is what a reader of a kind needs of its Source.
type deps struct {
	dynamic  dynamic.Interface
	changed  func()
	interval time.Duration
	// grace is how long a kind that was read stays Known while it cannot be read.
	grace time.Duration
	log   logr.Logger
}

// Setup adds a Source to the manager, whose cache must have the options of the package
// cache. It needs no leader election. If something cannot be read, neither it nor the
// manager fails; the snapshot says so.
func Setup(mgr manager.Manager, o Options) (*Source, error) {
	dyn, err := dynamic.NewForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("make client of the pipeline's kinds: %w", err)
	}
	disco, err := discovery.NewDiscoveryClientForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("make client of discovery: %w", err)
	}
	o = o.withDefaults()
	s := &Source{
		options:  o,
		log:      mgr.GetLogger().WithName("pipeline"),
		cache:    mgr.GetCache(),
		services: watchOperator(mgr.GetCache()),
		operator: func(ctx context.Context) pipeline.Set[pipeline.OperatorService] {
			services, err := cache.OperatorServices(ctx, mgr.GetCache())
			return discover.OperatorServices(services, err, func(namespace string) ([]appsv1.Deployment, error) {
				return cache.OperatorDeployments(ctx, mgr.GetCache(), namespace)
			})
		},
		wake:  make(chan struct{}, 1),
		first: make(chan struct{}),
		guard: policyGuard{definition: readDefinition(dyn)},
	}
	s.reads.from = mgr.GetCache()
	s.current.Store(&pipeline.Snapshot{})
	s.policies.Store(&Policies{})
	s.neighbors.Store(&cache.Neighbors{})
	s.kinds = newKinds(deps{dynamic: dyn, changed: s.changed, interval: o.Interval, grace: o.Grace, log: s.log})
	s.poller = &poller{
		interval: o.Interval,
		api:      s.kinds.metricsAPI,
		adapter:  discover.NewAdapterReader(mgr.GetClient(), mgr.GetAPIReader(), disco),
		places:   s.places,
		direct:   mgr.GetAPIReader(),
		changed:  s.changed,
		log:      s.log,
		wake:     make(chan struct{}, 1),
	}
	for _, r := range s.kinds.metricsAPIs {
		r.changed = func() { s.changed(); s.poller.hurry() }
	}
	if err := mgr.Add(s); err != nil {
		return nil, fmt.Errorf("add source of snapshots: %w", err)
	}
	return s, nil
}

// GetCache makes the manager start the Source together with its cache, and everything
// else after both: what is reconciled before the pipeline was read is reconciled again.
func (s *Source) GetCache() ctrlcache.Cache { return cacheAndSource{s.cache, s} }

// syncBound is how long the start waits for the first complete snapshot: a kind that
// does not answer must not keep workloads from being attached.
const syncBound = 5 * time.Second

// cacheAndSource is the cache, synced once the Source is too or syncBound has passed.
type cacheAndSource struct {
	ctrlcache.Cache
	source *Source
}

// WaitForCacheSync implements ctrlcache.Informers.
func (c cacheAndSource) WaitForCacheSync(ctx context.Context) bool {
	bounded, cancel := context.WithTimeout(ctx, syncBound)
	defer cancel()
	select {
	case <-c.source.first:
	case <-bounded.Done():
	}
	return c.Cache.WaitForCacheSync(ctx)
}

// Snapshot returns the latest snapshot, never nil. It must not be changed. As long as
// nothing changes, it is the same pointer.
func (s *Source) Snapshot() *pipeline.Snapshot { return s.current.Load() }

// Policies are the latest LatencyPolicies, never nil.
func (s *Source) Policies() *Policies { return s.policies.Load() }

// Synced reports whether everything that can be read was read once and is in the
// snapshot. Kinds that are missing or forbidden count as read, and once true it stays
// true.
func (s *Source) Synced() bool { return s.synced.Load() }

// Subscribe registers f to be called after each change of the snapshot, one call at a
// time. f must not block.
func (s *Source) Subscribe(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscribers = append(s.subscribers, f)
}

// SubscribePolicies registers f in the same way for changes of the policies, and of the
// labels of namespaces.
func (s *Source) SubscribePolicies(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.policySubscribers = append(s.policySubscribers, f)
}

// Neighbors are the latest Neighbors of all Deployments, never nil.
func (s *Source) Neighbors() *cache.Neighbors { return s.neighbors.Load() }

// SubscribeNeighbors registers f in the same way for changes of the Neighbors.
func (s *Source) SubscribeNeighbors(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.neighborSubscribers = append(s.neighborSubscribers, f)
}

// Start implements manager.Runnable: it reads until ctx ends.
func (s *Source) Start(ctx context.Context) error {
	running, ctx := errgroup.WithContext(ctx)
	for _, k := range s.kinds.all() {
		running.Go(func() error { k.run(ctx); return nil })
	}
	running.Go(func() error {
		// The adapter is found through Services, which are there when this returns.
		if err := s.services(ctx, s.changed); err != nil && ctx.Err() == nil {
			return fmt.Errorf("watch services: %w", err)
		}
		s.poller.run(ctx)
		return nil
	})
	running.Go(func() error {
		if err := s.reads.follow(ctx, s.changed); err != nil && ctx.Err() == nil {
			return err
		}
		return nil
	})
	running.Go(func() error { s.follow(ctx); return nil })
	return running.Wait()
}

func (s *Source) changed() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// follow makes a snapshot after each change.
func (s *Source) follow(ctx context.Context) {
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		}
		if !s.settle(ctx, last) {
			return
		}
		s.renew(ctx)
		if s.Synced() { // until then the start waits for the first complete snapshot
			last = time.Now()
		}
	}
}

// settle waits until changes pause, within a bound, and until enough time has passed
// since the last snapshot. Before the first complete snapshot it waits only until
// everything was read. It returns false if ctx ended.
func (s *Source) settle(ctx context.Context, last time.Time) bool {
	every := 10 * s.options.Debounce
	pause := func() time.Duration { return max(s.options.Debounce, time.Until(last.Add(every))) }
	bound, quiet := time.NewTimer(every), time.NewTimer(pause())
	defer bound.Stop()
	defer quiet.Stop()
	for s.Synced() || !s.settled() {
		select {
		case <-ctx.Done():
			return false
		case <-bound.C:
			return true
		case <-quiet.C:
			return true
		case <-s.wake:
			quiet.Reset(pause())
		}
	}
	return ctx.Err() == nil
}

// Prepare has a function called with each snapshot before it is swapped in; it is set before
// the manager starts.
func (s *Source) Prepare(f func(*pipeline.Snapshot)) { s.prepare = f }

// renew makes a snapshot and swaps it in if it differs from the last.
func (s *Source) renew(ctx context.Context) {
	settled := s.settled() // before anything is read, so that all of it is in the snapshot
	next := s.read(ctx)
	if !reflect.DeepEqual(s.current.Load(), next) {
		if s.prepare != nil {
			s.prepare(next)
		}
		s.current.Store(next)
		s.changedAt.Store(new(time.Now()))
		s.notify(&s.subscribers)
	}
	if policies := s.readPolicies(ctx); policies != nil {
		before := s.policies.Load()
		policies.follow(before, s.log)
		s.policies.Store(policies)
		if !reflect.DeepEqual(before.set.Places(), policies.set.Places()) {
			s.poller.hurry()
			s.changed()
		}
		// Without any policy the labels of namespaces have no effect.
		if !before.known || !policies.known || !before.set.Empty() || !policies.set.Empty() {
			s.notify(&s.policySubscribers)
		}
	}
	if before, sets := s.neighbors.Load(), s.kinds.neighbors.sets(); !reflect.DeepEqual(before.Sets(), sets) {
		s.neighbors.Store(cache.NewNeighbors(sets, before))
		s.notify(&s.neighborSubscribers)
	}
	if settled && !s.synced.Swap(true) {
		s.log.Info("read the whole pipeline once")
		close(s.first)
		s.notify(&s.subscribers) // of some the first outcome is that they are as unread
	}
}

func (s *Source) notify(subscribers *[]func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range *subscribers {
		f()
	}
}

// settled reports whether the first attempts to read have all had an outcome.
func (s *Source) settled() bool {
	for _, k := range s.kinds.all() {
		if !k.settled() {
			return false
		}
	}
	return s.poller.settled() && s.reads.followed.Load()
}

func (s *Source) places() discover.Places { return s.options.places(s.Policies()) }

func (s *Source) read(ctx context.Context) *pipeline.Snapshot {
	at := s.places()
	next := s.kinds.snapshot(at)
	next.Reads = s.reads.get(ctx)
	next.Adapter, next.OperatorServices = s.poller.result()
	if at.OperatorService.Name == "" {
		next.OperatorServices = s.operator(ctx)
	}
	return next
}

// readPolicies returns the policies if they, or the labels of a namespace, changed.
func (s *Source) readPolicies(ctx context.Context) *Policies {
	read, namespaces := s.kinds.policies.set(), s.kinds.namespaces.set()
	policies := s.guard.confirm(ctx, read)
	if read.State == pipeline.Known && !s.guard.settled {
		time.AfterFunc(s.options.Interval, s.changed) // what it depends on is not watched
	}
	if reflect.DeepEqual(s.readFor, [2]any{policies, namespaces}) {
		return nil
	}
	s.readFor = [2]any{policies, namespaces}
	return newPolicies(policies, namespaces)
}
