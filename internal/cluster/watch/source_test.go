package watch

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/cache/informertest"

	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/cluster/discover"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// stillSource is a source whose readers do not run.
func stillSource() *Source {
	s := &Source{
		options: Options{}.withDefaults(),
		log:     logr.Discard(),
		wake:    make(chan struct{}, 1),
		first:   make(chan struct{}),
		poller:  &poller{},
		operator: func(context.Context) pipeline.Set[pipeline.OperatorService] {
			return discover.OperatorServices(nil, nil, nil)
		},
	}
	s.guard.definition = func(context.Context) (*definition, error) { return &definition{uid: "1"}, nil }
	s.current.Store(&pipeline.Snapshot{})
	s.policies.Store(&Policies{})
	s.neighbors.Store(&cache.Neighbors{})
	s.kinds = newKinds(deps{changed: s.changed, log: logr.Discard(), interval: time.Second})
	return s
}

func TestSnapshotsWaitForQuietButNotForEver(t *testing.T) {
	const ms = time.Millisecond
	for name, tc := range map[string]struct {
		sinceLast time.Duration
		// changes come after these times, the first one at once
		changes []time.Duration
		want    time.Duration
	}{
		"one change":       {time.Hour, nil, 100 * ms},
		"a burst":          {time.Hour, []time.Duration{50 * ms, 120 * ms, 200 * ms}, 300 * ms},
		"soon after":       {300 * ms, nil, 700 * ms},
		"soon after, more": {300 * ms, []time.Duration{690 * ms}, 790 * ms},
		"without an end": {time.Hour, func() (all []time.Duration) {
			for at := 50 * ms; at < 5*time.Second; at += 50 * ms {
				all = append(all, at)
			}
			return all
		}(), time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := stillSource()
				began := time.Now()
				go func() {
					for _, at := range tc.changes {
						select {
						case <-time.After(at - time.Since(began)):
							s.changed()
						case <-t.Context().Done():
							return
						}
					}
				}()
				if !s.settle(t.Context(), began.Add(-tc.sinceLast)) {
					t.Error("gave up")
				}
				if got := time.Since(began); got != tc.want {
					t.Errorf("made a snapshot after %s, want %s", got, tc.want)
				}
			})
		})
	}
}

func TestTheFirstCompleteSnapshotIsNotDelayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := stillSource()
		began := time.Now()
		go func() {
			<-time.After(30 * time.Millisecond)
			s.poller.looked = true
			s.reads.followed.Store(true)
			for _, k := range s.kinds.all() {
				k.(interface{ ended(error, time.Time) }).ended(apierrors.NewNotFound(schema.GroupResource{}, ""), time.Now())
			}
		}()
		if !s.settle(t.Context(), time.Time{}) {
			t.Error("gave up")
		}
		if got := time.Since(began); got != 30*time.Millisecond {
			t.Errorf("made the first snapshot %s after the start, want it as soon as everything was read, after 30 ms", got)
		}
	})
}

func TestWhatDoesNotAnswerDoesNotHoldUpTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := stillSource()
		s.cache = &informertest.FakeInformers{}
		began := time.Now()
		if !s.GetCache().WaitForCacheSync(t.Context()) || time.Since(began) != syncBound {
			t.Errorf("the start waited %s for a source that is never synced, want %s", time.Since(began), syncBound)
		}
		close(s.first)
		began = time.Now()
		if !s.GetCache().WaitForCacheSync(t.Context()) || time.Since(began) != 0 {
			t.Errorf("the start waited %s for a source that is synced", time.Since(began))
		}
	})
}

func TestASnapshotIsReplacedOnlyByAnother(t *testing.T) {
	s := stillSource()
	calls := 0
	s.Subscribe(func() { calls++ })
	s.renew(t.Context())
	first := s.Snapshot()
	s.renew(t.Context())
	if s.Snapshot() != first || calls != 1 {
		t.Errorf("another snapshot of the same cluster, %d calls", calls)
	}
	put := func(name string, latency bool) {
		t.Helper()
		if err := s.kinds.extensions.Add(extensionObject(name, latency)); err != nil {
			t.Fatal(err)
		}
	}
	s.kinds.extensions.watched(nil, noon)
	if err := s.kinds.extensions.Replace(nil, "1"); err != nil {
		t.Fatal(err)
	}
	put("a", true)
	s.renew(t.Context())
	second := s.Snapshot()
	if second == first || second.Extensions.State != pipeline.Known || len(second.Extensions.Items) != 1 || calls != 2 {
		t.Errorf("got %+v, %d calls", second.Extensions, calls)
	}
	put("a", true)
	s.renew(t.Context())
	if s.Snapshot() != second {
		t.Error("another snapshot although the object is the same")
	}
	put("b", false)
	s.renew(t.Context())
	if len(second.Extensions.Items) != 1 || len(s.Snapshot().Extensions.Items) != 2 {
		t.Error("a snapshot that was given out was changed")
	}
}

func TestSyncedOnceEverythingHadAnOutcome(t *testing.T) {
	s := stillSource()
	calls := 0
	s.Subscribe(func() { calls++ })
	kinds := []interface{ ended(error, time.Time) }{
		s.kinds.namespaces, s.kinds.serviceMonitors, s.kinds.podMonitors, s.kinds.scrapeConfigs, s.kinds.recordingRules, s.kinds.prometheuses, s.kinds.extensions, s.kinds.controlPlanes,
		s.kinds.gatewayConfigurations, s.kinds.gatewayClasses, s.kinds.gateways, s.kinds.httpRoutes, s.kinds.metricsAPIs[0], s.kinds.metricsAPIs[1],
		s.kinds.policies,
	}
	for _, k := range s.kinds.neighbors.all() {
		kinds = append(kinds, k.(interface{ ended(error, time.Time) }))
	}
	for _, k := range s.kinds.routing.all() {
		kinds = append(kinds, k.(interface{ ended(error, time.Time) }))
	}
	for i, k := range kinds {
		s.renew(t.Context())
		if s.Synced() {
			t.Fatalf("synced after %d of %d kinds", i, len(kinds))
		}
		outcomes := []error{notInstalled(), forbidden()}
		k.ended(outcomes[i%2], noon)
	}
	s.renew(t.Context())
	if s.Synced() {
		t.Fatal("synced before the adapter was looked for")
	}
	s.poller.looked = true
	s.renew(t.Context())
	if s.Synced() {
		t.Fatal("synced before the autoscalers were read")
	}
	s.reads.followed.Store(true)
	before := calls
	s.renew(t.Context())
	if !s.Synced() || calls != before+1 {
		t.Errorf("synced is %v, %d calls", s.Synced(), calls-before)
	}
}
