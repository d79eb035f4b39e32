package controller

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/policy"
)

const (
	// statusQuiet is how long nothing must happen before statuses are written.
	statusQuiet = time.Second
	// statusEvery lies at least between two rounds of writing, and is as long as one
	// is put off while things keep happening.
	statusEvery = 3 * time.Second
	// statusStart bounds how long to wait after the start until every workload was
	// looked at once. Statuses written before would say that nothing is attached.
	statusStart = time.Minute
	// statusRetryMax is the longest time until a failed round is tried again.
	statusRetryMax = time.Minute
)

// policyView is all policies at one moment.
type policyView interface {
	List() []v1alpha1.LatencyPolicy
	// Known tells whether List is all the policies that there are.
	Known() bool
	Set() *policy.Set
	// Candidates are all Deployments, as the policies see them.
	Candidates(ctx context.Context, cached client.Reader) ([]policy.Candidate, error)
}

// policyWriter writes the statuses of LatencyPolicies. Once written, a status is
// compared with what was written, so that the policies need not be read again.
type policyWriter struct {
	ledger   *ledger
	policies func() policyView
	cached   client.Reader
	// everything names all Deployments.
	everything func(context.Context) []types.NamespacedName
	// read returns the status that a policy has, and apply gives it one. An error for
	// which apierrors.IsNotFound is true says that there is no such policy any more.
	read  func(context.Context, *v1alpha1.LatencyPolicy) (v1alpha1.LatencyPolicyStatus, error)
	apply func(context.Context, *v1alpha1.LatencyPolicy, v1alpha1.LatencyPolicyStatus) error
	// synced tells whether everything that findings are made of was read once.
	synced func() bool
	// subscribe has a function called whenever the policies change.
	subscribe func(func())
	// wake has one place: it says that something changed, not how often.
	wake chan struct{}
	now  func() time.Time
	log  logr.Logger

	// last is the status that each policy has; only Start's goroutine looks at it.
	last map[types.UID]v1alpha1.LatencyPolicyStatus
}

func newPolicyWriter() *policyWriter {
	w := &policyWriter{wake: make(chan struct{}, 1), now: time.Now, last: map[types.UID]v1alpha1.LatencyPolicyStatus{}}
	w.ledger = newLedger(w.changed)
	return w
}

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (w *policyWriter) NeedLeaderElection() bool { return true }

func (w *policyWriter) changed() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Start implements manager.Runnable: it writes until ctx ends.
func (w *policyWriter) Start(ctx context.Context) error {
	w.subscribe(w.changed)
	all := w.everything(ctx)
	if !w.settle(ctx, statusStart, func() bool { return w.synced() && w.ledger.complete(all) }) {
		return nil
	}
	debug.FreeOSMemory() // the first look at every workload took twice what stays
	for failures := 0; ; {
		var retry <-chan time.Time
		if err := w.round(ctx); err != nil && ctx.Err() == nil {
			w.log.Error(err, "cannot write the status of policies")
			retry = time.After(min(statusEvery<<min(failures, 8), statusRetryMax))
			failures++
		} else {
			failures = 0
		}
		last := w.now()
		select {
		case <-ctx.Done():
			return nil
		case <-retry:
		case <-w.wake:
		}
		if !w.settle(ctx, statusEvery, func() bool { return w.now().Sub(last) >= statusEvery }) {
			return nil
		}
	}
}

// settle waits until nothing happens for a moment and ok, but not longer than the
// bound. It returns false if ctx ended.
func (w *policyWriter) settle(ctx context.Context, bound time.Duration, ok func() bool) bool {
	limit, quiet := time.NewTimer(bound), time.NewTimer(statusQuiet)
	defer limit.Stop()
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-limit.C:
			return true
		case <-w.wake:
		case <-quiet.C:
			if ok() {
				return true
			}
		}
		quiet.Reset(statusQuiet)
	}
}

// round writes the status of every policy whose status is another now.
func (w *policyWriter) round(ctx context.Context) error {
	view := w.policies()
	if !view.Known() {
		return nil // that they become known wakes us
	}
	candidates, err := view.Candidates(ctx, w.cached)
	if err != nil {
		return err
	}
	tallies := w.ledger.tallies()
	kept := map[types.UID]v1alpha1.LatencyPolicyStatus{}
	var errs []error
	list := view.List()
	for i := range list {
		p := &list[i]
		var t tally
		if known := tallies[p.Name]; known != nil {
			t = *known
		}
		status, err := w.bring(ctx, p, t, view.Set(), candidates)
		switch {
		case apierrors.IsNotFound(err): // it is gone, and the view will say so
		case err != nil:
			errs = append(errs, fmt.Errorf("policy %s: %w", p.Name, err))
		default:
			kept[p.UID] = status
		}
	}
	w.last = kept
	return errors.Join(errs...)
}

// bring gives one policy its status, if it has another, and returns it.
func (w *policyWriter) bring(ctx context.Context, p *v1alpha1.LatencyPolicy, t tally, set *policy.Set, candidates []policy.Candidate) (v1alpha1.LatencyPolicyStatus, error) {
	before, known := w.last[p.UID]
	if !known {
		var err error
		if before, err = w.read(ctx, p); err != nil {
			return before, fmt.Errorf("read status: %w", err)
		}
	}
	now := metav1.NewTime(w.now()).Rfc3339Copy() // as the API keeps it
	status := statusOf(p.Generation, t, set.Problems(p.Name, candidates), before, now)
	if equality.Semantic.DeepEqual(before, status) {
		return before, nil
	}
	if err := w.apply(ctx, p, status); err != nil {
		return before, fmt.Errorf("apply status: %w", err)
	}
	return status, nil
}
