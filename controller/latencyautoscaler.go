package controller

import (
	"context"
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/cluster/watch"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/status"
)

// +kubebuilder:rbac:groups=kong.latency,resources=latencyautoscalers,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=kong.latency,resources=latencyautoscalers/status,verbs=patch

const (
	// writeAgain is the least time between two writes of one LatencyAutoscaler: what changes
	// meanwhile is written together.
	writeAgain = 3 * time.Second
	// writePatience is how long a write may need to be seen by the watch. Until then the
	// same status is not written again.
	writePatience = 30 * time.Second
	// refreshEvery is the least time between two writes that only renew the current latency.
	refreshEvery = time.Minute
	// refreshesPerSecond bounds those writes for all workloads together.
	refreshesPerSecond = 20
	// writesPerSecond and writesAtOnce bound all writes: after an upgrade there is one for
	// each workload, which must not keep the API server from anything else.
	writesPerSecond = 200
	writesAtOnce    = 400
	// writeRefused is when a write is tried again that the API server refused, as for a
	// missing right or an exceeded quota.
	writeRefused = time.Minute
)

// writtenStatuses is what is written of LatencyAutoscalers.
type writtenStatuses interface {
	Get(types.NamespacedName) (w watch.Written, exists, known bool)
	Subscribe(func(all bool, key types.NamespacedName))
}

// statuses writes the LatencyAutoscalers of enabled workloads, on changes only. What is
// written is read from a watch, so that nothing is written again after a restart. A nil
// statuses writes nothing.
type statuses struct {
	client client.Client
	// direct reads the API server.
	direct  client.Reader
	written writtenStatuses
	now     func() time.Time
	pace    flowcontrol.RateLimiter
	refresh flowcontrol.RateLimiter

	mu sync.Mutex
	// attempts are the writes that the watch may not show yet.
	attempts map[types.NamespacedName]attempt
	// saidRefused is when it was last logged that a write was refused.
	saidRefused time.Time
}

// attempt is the last write of a LatencyAutoscaler.
type attempt struct {
	digest uint64
	at     time.Time
}

func newStatuses(c client.Client, direct client.Reader, written writtenStatuses, now func() time.Time) *statuses {
	return &statuses{
		client: c, direct: direct, written: written, now: now,
		pace:     flowcontrol.NewTokenBucketRateLimiter(writesPerSecond, writesAtOnce),
		refresh:  flowcontrol.NewTokenBucketRateLimiter(refreshesPerSecond, refreshesPerSecond),
		attempts: map[types.NamespacedName]attempt{},
	}
}

// before is what is written of a workload; the zero Summary if nothing is, or it is not
// known.
func (s *statuses) before(key types.NamespacedName) status.Summary {
	if s == nil {
		return status.Summary{}
	}
	w, _, _ := s.written.Get(key)
	return w.Summary
}

// write brings the LatencyAutoscaler of a workload to a status. again is when to call it
// again although nothing changes; 0 means never.
func (s *statuses) write(ctx context.Context, d *appsv1.Deployment, desired v1alpha1.LatencyAutoscalerStatus) (again time.Duration, err error) {
	if s == nil {
		return 0, nil
	}
	key := client.ObjectKeyFromObject(d)
	w, exists, known := s.written.Get(key)
	if !known || w.Deleting {
		return 0, nil // once it is known, or gone, the watch triggers a reconcile
	}
	next := status.Summarize(desired)
	owned := exists && w.Managed && w.Owner == d.UID
	now := s.now()
	last, tried := s.attempt(key)
	switch since := now.Sub(last.at); {
	case owned && w.Digest == next.Digest:
		if !w.Refreshes(desired) || now.Sub(w.Observed) < refreshEvery || !s.refresh.TryAccept() {
			return 0, nil
		}
	case tried && last.digest == next.Digest && since < writePatience:
		return writePatience - since, nil
	case tried && since < writeAgain:
		return writeAgain - since, nil
	}
	if err := s.pace.Wait(ctx); err != nil {
		return 0, fmt.Errorf("wait to write LatencyAutoscaler %s: %w", key, err)
	}
	s.tried(key, attempt{next.Digest, now})
	if err := s.apply(ctx, d, desired, owned); err != nil {
		return s.failed(ctx, key, err)
	}
	return 0, nil
}

// failed is for a write that failed. What the API server refuses it will refuse again, and
// of all workloads at once if a right is missing: a status is not worth the noise of an error
// each time.
func (s *statuses) failed(ctx context.Context, key types.NamespacedName, err error) (time.Duration, error) {
	s.forget(key)
	switch {
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err):
		if s.refusalIsNews() {
			log.FromContext(ctx).Info("the API server refuses to write LatencyAutoscalers, of this workload and maybe others",
				"workload", key, "why", err.Error(), "retriedIn", writeRefused.String())
		}
		return writeRefused, nil
	case apierrors.IsNotFound(err):
		return writeAgain, nil // it was deleted just now, or its kind or the namespace was
	}
	return 0, fmt.Errorf("write LatencyAutoscaler %s: %w", key, err)
}

// apply writes the object, unless it is there and owned already, and then its status.
func (s *statuses) apply(ctx context.Context, d *appsv1.Deployment, desired v1alpha1.LatencyAutoscalerStatus, owned bool) error {
	live := object(d)
	var err error
	if owned {
		err = s.direct.Get(ctx, client.ObjectKeyFromObject(d), live)
	} else {
		err = s.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(live), client.FieldOwner(FieldManager), client.ForceOwnership)
	}
	if err != nil {
		return err
	}
	var before v1alpha1.LatencyAutoscaler
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(live.Object, &before); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	merged := status.Merge(before.Status, desired, before.Generation)
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&merged)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	u := identity(client.ObjectKeyFromObject(d))
	u.SetUID(before.UID)
	u.Object["status"] = content
	return s.client.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner(FieldManager), client.ForceOwnership)
}

// identity is the LatencyAutoscaler of a workload with nothing but its name.
func identity(key types.NamespacedName) *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: map[string]any{}}
	u.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("LatencyAutoscaler"))
	u.SetNamespace(key.Namespace)
	u.SetName(key.Name)
	return u
}

// object is the LatencyAutoscaler of a workload, without a status. It has none of the
// workload's labels and annotations, by which GitOps tools would take it for theirs.
func object(d *appsv1.Deployment) *unstructured.Unstructured {
	u := identity(client.ObjectKeyFromObject(d))
	u.SetLabels(output.CreatedLabels())
	u.SetOwnerReferences([]metav1.OwnerReference{{
		APIVersion: appsv1.SchemeGroupVersion.String(), Kind: deploymentKind, Name: d.Name, UID: d.UID, Controller: ptr.To(true),
	}})
	return u
}

// remove deletes the LatencyAutoscaler of a workload that is not enabled.
func (s *statuses) remove(ctx context.Context, key types.NamespacedName) error {
	if s == nil {
		return nil
	}
	s.forget(key)
	w, exists, known := s.written.Get(key)
	if !known || !exists || !w.Managed || w.Deleting {
		return nil
	}
	err := s.client.Delete(ctx, identity(key), client.Preconditions{UID: &w.UID})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("delete LatencyAutoscaler %s: %w", key, err)
	}
	return nil
}

// outdated reports whether the status of a workload shows another size or latency than its
// autoscaler does, and may be written again.
func (s *statuses) outdated(by output.Output, live output.Object) bool {
	if s == nil {
		return false
	}
	a := by.Autoscaler(live)
	key := types.NamespacedName{Namespace: a.Namespace, Name: a.Scales.Name}
	w, exists, known := s.written.Get(key)
	if !known || !exists {
		return false
	}
	seen := by.Observe(live)
	return seen.CurrentReplicas != w.Replicas || seen.DesiredReplicas != w.DesiredReplicas || s.now().Sub(w.Observed) >= refreshEvery
}

// changed calls f with the workloads whose LatencyAutoscaler is no longer what was written.
func (s *statuses) changed(f func(all bool, key types.NamespacedName)) {
	s.written.Subscribe(func(all bool, key types.NamespacedName) {
		if all {
			f(true, key)
			return
		}
		w, exists, _ := s.written.Get(key)
		if last, tried := s.attempt(key); exists && tried && last.digest == w.Digest {
			return // it was written here
		}
		f(false, key)
	})
}

func (s *statuses) source(all func(context.Context) []types.NamespacedName) source.Source {
	return source.Func(func(ctx context.Context, q queue) error {
		s.changed(func(every bool, key types.NamespacedName) {
			if every {
				addAll(q, handler.LowPriority, all(ctx))
			} else {
				addAll(q, handler.LowPriority, []types.NamespacedName{key})
			}
		})
		return nil
	})
}

func (s *statuses) attempt(key types.NamespacedName) (attempt, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.attempts[key]
	return a, ok
}

func (s *statuses) tried(key types.NamespacedName, a attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempts[key] = a
}

// refusalIsNews reports whether no refused write was logged of late.
func (s *statuses) refusalIsNews() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.now(); now.Sub(s.saidRefused) >= writeRefused {
		s.saidRefused = now
		return true
	}
	return false
}

func (s *statuses) forget(key types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.attempts, key)
}
