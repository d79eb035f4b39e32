package watch

import (
	"context"
	"fmt"
	"sync"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/status"
)

// Statuses follows the LatencyAutoscalers of a cluster, and keeps of each only what shows
// whether it has to be written. Their kind may be missing or forbidden, as with an older
// version of the manifests: nothing is known then.
type Statuses struct {
	reader *reader[Written]

	mu         sync.Mutex
	subscriber func(all bool, key types.NamespacedName)
}

// Written is what is kept of a LatencyAutoscaler.
type Written struct {
	UID types.UID
	// Owner is the UID of its controller; empty if it has none.
	Owner types.UID
	// Managed is true if the product made it.
	Managed bool
	// Deleting is true if it is being deleted.
	Deleting bool
	status.Summary
}

var _ manager.LeaderElectionRunnable = (*Statuses)(nil)

// SetupStatuses adds a Statuses to the manager.
func SetupStatuses(mgr manager.Manager, o Options) (*Statuses, error) {
	dyn, err := dynamic.NewForConfigAndClient(rest.CopyConfig(mgr.GetConfig()), mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("make client of LatencyAutoscalers: %w", err)
	}
	s := newStatuses(dyn, o.withDefaults(), mgr.GetLogger().WithName("statuses"))
	if err := mgr.Add(s); err != nil {
		return nil, fmt.Errorf("add source of LatencyAutoscalers: %w", err)
	}
	return s, nil
}

func newStatuses(dyn dynamic.Interface, o Options, log logr.Logger) *Statuses {
	s := &Statuses{}
	s.reader = newReader(deps{dynamic: dyn, changed: func() {}, interval: o.Interval, grace: o.Grace, log: log},
		writtenOf, v1alpha1.GroupVersion.WithResource("latencyautoscalers"))
	s.reader.touched = func(key types.NamespacedName) { s.notify(false, key) }
	s.reader.became = func() { s.notify(true, types.NamespacedName{}) }
	return s
}

func writtenOf(u *unstructured.Unstructured) (Written, error) {
	var full v1alpha1.LatencyAutoscaler
	if err := convert.Typed(u, &full); err != nil {
		return Written{}, err
	}
	return WrittenOf(&full), nil
}

// NeedLeaderElection is false: a new leader knows at once what is written.
func (*Statuses) NeedLeaderElection() bool { return false }

// Start implements manager.Runnable: it reads until ctx ends.
func (s *Statuses) Start(ctx context.Context) error {
	s.reader.run(ctx)
	return nil
}

// Subscribe has f called for each LatencyAutoscaler that changes, and with all for all of
// them once they are known. It replaces an earlier subscriber. f must not block.
func (s *Statuses) Subscribe(f func(all bool, key types.NamespacedName)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscriber = f
}

func (s *Statuses) notify(all bool, key types.NamespacedName) {
	s.mu.Lock()
	f := s.subscriber
	s.mu.Unlock()
	if f != nil {
		f(all, key)
	}
}

// Get returns what is kept of a LatencyAutoscaler; exists is false if there is none. known
// is false if that cannot be said, because the kind cannot be read.
func (s *Statuses) Get(key types.NamespacedName) (w Written, exists, known bool) {
	s.reader.mu.Lock()
	defer s.reader.mu.Unlock()
	item, ok := s.reader.items[key]
	return item.value, ok, s.reader.state == pipeline.Known
}

// WrittenOf returns what is kept of an object.
func WrittenOf(o *v1alpha1.LatencyAutoscaler) Written {
	out := Written{
		UID: o.UID, Deleting: o.DeletionTimestamp != nil, Summary: status.Summarize(o.Status),
		Managed: output.Created(o),
	}
	if owner := metav1.GetControllerOf(o); owner != nil {
		out.Owner = owner.UID
	}
	return out
}
