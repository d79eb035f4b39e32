package controller

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/policy"
)

const (
	// statusDelay is how long a change waits in the queue, where further changes for the
	// same policy join it.
	statusDelay = time.Second
	// statusEvery is the least time between two evaluations of one policy: with thousands
	// of workloads changing, its status is written once in this time.
	statusEvery = 3 * time.Second
	// statusStart bounds how long the first evaluation waits for every workload to be
	// reconciled. Statuses written before would say that nothing is attached.
	statusStart = time.Minute
	// statusRetryMax is the longest time until a failed write is retried.
	statusRetryMax = time.Minute
)

// policyView is all policies at one moment.
type policyView interface {
	List() []v1alpha1.LatencyPolicy
	// Known reports whether List is complete.
	Known() bool
	Set() *policy.Set
	// Namespace returns the labels of a namespace; ok is false if they are not known.
	Namespace(name string) (l map[string]string, ok bool)
	// Candidates are all Deployments, as the policies see them.
	Candidates(ctx context.Context, cached client.Reader) ([]policy.Candidate, error)
}

// policies writes the status of LatencyPolicies. A status is read from the API server
// once, and from then on compared with what was written, so that nothing is written or
// read while nothing changes.
type policies struct {
	tracker *statusTracker
	view    func() policyView
	cached  client.Reader
	// read returns the status that a policy has, and apply writes it. A NotFound error
	// means that the policy is deleted.
	read  func(context.Context, *v1alpha1.LatencyPolicy) (v1alpha1.LatencyPolicyStatus, error)
	apply func(context.Context, *v1alpha1.LatencyPolicy, v1alpha1.LatencyPolicyStatus) error
	now   func() time.Time

	// deployments counts changes of Deployments that policies select differently.
	deployments atomic.Uint64

	// The rest belongs to Reconcile, which runs one at a time.

	// written has an entry for each policy that was evaluated, by name.
	written map[string]writtenStatus
	found   problems
}

// writtenStatus is the status that a policy has.
type writtenStatus struct {
	// uid is empty if the status is not known.
	uid    types.UID
	status v1alpha1.LatencyPolicyStatus
	// at is when the policy was evaluated last.
	at time.Time
}

// problems are the findings about the policies themselves, which depend on all
// Deployments. They are kept because many policies are evaluated in a row.
type problems struct {
	byPolicy    map[string][]finding.Finding
	view        policyView
	deployments uint64
	at          time.Time
}

// Reconcile writes the status of the LatencyPolicy named by req, if it has changed.
func (r *policies) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	view := r.view()
	if !view.Known() {
		return ctrl.Result{}, nil // all are queued once they are known
	}
	list := view.List()
	i := slices.IndexFunc(list, func(p v1alpha1.LatencyPolicy) bool { return p.Name == req.Name })
	if i < 0 {
		return ctrl.Result{}, nil
	}
	p, last := &list[i], r.written[req.Name]
	if left := last.at.Add(statusEvery).Sub(r.now()); left > 0 {
		return ctrl.Result{RequeueAfter: left}, nil
	}
	found, current, err := r.problems(ctx, view, p.Name)
	if err != nil {
		return ctrl.Result{}, err
	}
	next := writtenStatus{at: r.now()}
	status, err := r.write(ctx, p, found, last)
	switch {
	case apierrors.IsNotFound(err): // the policy is deleted, and the view will show it
	case err != nil:
		r.written[p.Name] = next
		return ctrl.Result{}, err
	default:
		next.uid, next.status = p.UID, status
	}
	r.written[p.Name] = next
	if !current {
		return ctrl.Result{RequeueAfter: statusEvery}, nil
	}
	return ctrl.Result{}, nil
}

// write gives a policy its status, if it has another one, and returns it.
func (r *policies) write(ctx context.Context, p *v1alpha1.LatencyPolicy, found []finding.Finding, last writtenStatus) (v1alpha1.LatencyPolicyStatus, error) {
	before := last.status
	if last.uid != p.UID {
		var err error
		if before, err = r.read(ctx, p); err != nil {
			return before, fmt.Errorf("read status: %w", err)
		}
	}
	now := metav1.NewTime(r.now()).Rfc3339Copy() // the precision of the API
	status := statusOf(p.Generation, r.tracker.summary(p.Name), found, before, now)
	if equality.Semantic.DeepEqual(before, status) {
		return before, nil
	}
	if err := r.apply(ctx, p, status); err != nil {
		return before, fmt.Errorf("apply status: %w", err)
	}
	return status, nil
}

// problems returns the findings about one policy. They are made for all policies at once,
// and at most once in statusDelay while Deployments change; current is false if a later
// evaluation may find others.
func (r *policies) problems(ctx context.Context, view policyView, name string) (found []finding.Finding, current bool, err error) {
	deployments := r.deployments.Load() // before Deployments are listed
	f := &r.found
	current = f.view == view && f.deployments == deployments
	if current || f.view == view && r.now().Sub(f.at) < statusDelay {
		return f.byPolicy[name], current, nil
	}
	candidates, err := view.Candidates(ctx, r.cached)
	if err != nil {
		return nil, false, err
	}
	r.found = problems{byPolicy: map[string][]finding.Finding{}, view: view, deployments: deployments, at: r.now()}
	list := view.List()
	maps.DeleteFunc(r.written, func(name string, _ writtenStatus) bool {
		return !slices.ContainsFunc(list, func(p v1alpha1.LatencyPolicy) bool { return p.Name == name })
	})
	for _, p := range list {
		if found := view.Set().Problems(p.Name, candidates); len(found) > 0 {
			r.found.byPolicy[p.Name] = found
		}
	}
	return r.found.byPolicy[name], true, nil
}
