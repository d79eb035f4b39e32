package controller

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// A change of a managed object is undone at once. If something else changes it after each
// of these writes, both would write as fast as the API server allows, for as long as they
// run, and the autoscaler would scale by the one and the other in turn.
const (
	// promptWrites is how often the same plan is written without a pause: for the object
	// itself, and for changes by people.
	promptWrites = 3
	firstPause   = time.Second
	lastPause    = 5 * time.Minute
	// calmAfter is the time without a write after which counting starts anew.
	calmAfter = 2 * lastPause
	// contestedFor is the least time that a finding outlives a write. Without it the
	// finding would be gone after each write, and reported again before the next.
	contestedFor = time.Minute
)

// rewrites counts how often the same plan is written for each workload.
type rewrites struct {
	now  func() time.Time
	seed maphash.Seed

	mu sync.Mutex
	of map[types.NamespacedName]rewrite
}

type rewrite struct {
	plan  uint64 // digest
	count int
	last  time.Time
	// by describes what else changes the object; it was found out at the count of byAt.
	by   string
	byAt int
}

func newRewrites(now func() time.Time) *rewrites {
	return &rewrites{now: now, seed: maphash.MakeSeed(), of: map[types.NamespacedName]rewrite{}}
}

// wrote counts a write of a plan.
func (r *rewrites) wrote(key types.NamespacedName, p plan.Plan) {
	r.mu.Lock()
	defer r.mu.Unlock()
	digest, now := r.digest(p), r.now()
	w := r.of[key]
	if w.plan != digest || now.Sub(w.last) > calmAfter {
		w = rewrite{plan: digest}
	}
	w.count++
	w.last = now
	r.of[key] = w
}

// pause returns when the plan may be written again, and until when its object counts as
// contested. Both are in the past where nothing interferes.
func (r *rewrites) pause(key types.NamespacedName, p plan.Plan) (next, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w, ok := r.of[key]
	if !ok || w.count <= promptWrites || w.plan != r.digest(p) {
		return time.Time{}, time.Time{}
	}
	pause := lastPause
	if doublings := w.count - promptWrites - 1; doublings < 16 { // of 1 s, in an int64
		pause = min(firstPause<<doublings, lastPause)
	}
	return w.last.Add(pause), w.last.Add(max(contestedFor, 2*pause))
}

// other returns what else changes the object, which find finds out once after each write.
// If find is nil it returns what was found out last; empty if nothing was.
func (r *rewrites) other(key types.NamespacedName, find func() string) string {
	r.mu.Lock()
	w := r.of[key]
	r.mu.Unlock()
	if find == nil || w.byAt == w.count {
		return w.by
	}
	found := find()
	r.mu.Lock()
	defer r.mu.Unlock()
	if now, ok := r.of[key]; ok && now.count == w.count {
		now.by, now.byAt = found, w.count
		r.of[key] = now
	}
	return found
}

// forget drops what is counted, for a workload that is deleted or detached.
func (r *rewrites) forget(key types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.of, key)
}

// digest distinguishes plans. With ten thousand workloads the plans would be megabytes.
func (r *rewrites) digest(p plan.Plan) uint64 {
	raw, err := json.Marshal(p)
	if err != nil {
		return 0 // a plan is plain data; if not, its writes are counted together
	}
	return maphash.Bytes(r.seed, raw)
}

// contested returns the finding that something else changes the object of the plan after
// every write, and how long to wait with the next one. Without a finding nothing does.
// recheck is when the finding ends although nothing changes.
func (r *workloads) contested(ctx context.Context, w model.Workload, by output.Output, live output.Object, res plan.Resolution) (found []finding.Finding, wait, recheck time.Duration) {
	key := types.NamespacedName{Namespace: w.Namespace, Name: w.Name}
	next, until := r.rewrites.pause(key, *res.Plan)
	now := r.now()
	if !now.Before(until) {
		return nil, 0, 0
	}
	// An object that was just written shows nothing of what changed it before.
	var find func() string
	if r.writes(by, live, res) {
		wait = max(0, next.Sub(now))
		find = func() string { return r.otherManager(ctx, by, live, res.Plan) }
	}
	other := r.rewrites.other(key, find)
	if other == "" {
		return nil, 0, until.Sub(now)
	}
	f := plan.ChangedByOthers.On(w.Object(), "%s %s does not stay as planned: %s after every write",
		by.GroupVersionKind().Kind, res.Plan.Name, other).Suggest("%s", plan.ChangedByOthers.Fix)
	return []finding.Finding{f}, wait, until.Sub(now)
}

// writes reports whether attach would write the object of the plan.
func (r *workloads) writes(by output.Output, live output.Object, res plan.Resolution) bool {
	switch {
	case live == nil:
		return !res.Plan.Adopted
	case res.Claim.Adopt != nil:
		return true
	default:
		return res.Claim.Managed != nil && !by.UpToDate(live, *res.Plan)
	}
}

// otherManager names the field manager that wrote the object last, apart from the
// product. The cache does not keep the managers of fields.
func (r *workloads) otherManager(ctx context.Context, by output.Output, live output.Object, p *plan.Plan) string {
	if live == nil {
		return "it is deleted"
	}
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(by.GroupVersionKind())
	if err := r.direct.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: p.Name}, object); err != nil {
		return "something changes it"
	}
	if name := latestManager(object.GetManagedFields(), FieldManager); name != "" {
		return fmt.Sprintf("field manager %q changes it", finding.Quote(name))
	}
	return "an admission webhook, or another installation of kong-latency, changes it"
}

// latestManager is the field manager other than own that changed an object last, apart
// from its status; empty if there is none.
func latestManager(fields []metav1.ManagedFieldsEntry, own string) string {
	var latest metav1.ManagedFieldsEntry
	for _, e := range fields {
		if e.Manager == own || e.Subresource != "" || e.Time == nil {
			continue
		}
		if latest.Time == nil || latest.Time.Before(e.Time) {
			latest = e
		}
	}
	return latest.Manager
}
