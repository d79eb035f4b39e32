package controller

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// fakeView is a policyView of a list; nil is not known.
type fakeView struct {
	list       []v1alpha1.LatencyPolicy
	candidates []policy.Candidate
	// listed counts how often the candidates were read.
	listed int
}

func (v *fakeView) List() []v1alpha1.LatencyPolicy { return v.list }
func (v *fakeView) Known() bool                    { return v.list != nil }
func (v *fakeView) Set() *policy.Set               { return policy.Compile(v.list) }

func (v *fakeView) Namespace(string) (map[string]string, bool) { return nil, true }

func (v *fakeView) Candidates(context.Context, client.Reader) ([]policy.Candidate, error) {
	v.listed++
	return v.candidates, nil
}

// written is what a controller of policies under test did.
type written struct {
	policies *policies
	view     *fakeView
	stored   map[types.UID]v1alpha1.LatencyPolicyStatus
	at       []time.Duration // since the start
	reads    int
	fail     error
	synced   bool
	// changed reports that the policies changed.
	changed func()
}

func named(names ...string) []v1alpha1.LatencyPolicy {
	out := []v1alpha1.LatencyPolicy{}
	for _, n := range names {
		out = append(out, v1alpha1.LatencyPolicy{ObjectMeta: metav1.ObjectMeta{Name: n, UID: types.UID("u-" + n), Generation: 1}})
	}
	return out
}

// startPolicies runs a controller, with the queue that it has in the product, of one
// policy and the workloads named, in a bubble.
func startPolicies(t *testing.T, workloads ...string) *written {
	t.Helper()
	f := &written{
		policies: newPolicies(newStatusTracker()), view: &fakeView{list: named("frame")},
		stored: map[types.UID]v1alpha1.LatencyPolicyStatus{}, synced: true,
	}
	r, start := f.policies, time.Now()
	r.view = func() policyView { return f.view }
	r.read = func(_ context.Context, p *v1alpha1.LatencyPolicy) (v1alpha1.LatencyPolicyStatus, error) {
		f.reads++
		return f.stored[p.UID], nil
	}
	r.apply = func(_ context.Context, p *v1alpha1.LatencyPolicy, s v1alpha1.LatencyPolicyStatus) error {
		f.at = append(f.at, time.Since(start))
		if f.fail != nil {
			return f.fail
		}
		f.stored[p.UID] = s
		return nil
	}
	options := r.options()
	options.Reconciler, options.SkipNameValidation = r, ptr.To(true)
	options.LogConstructor = func(*reconcile.Request) logr.Logger { return logr.Discard() }
	c, err := controller.NewUnmanaged("latencypolicy", options)
	if err != nil {
		t.Fatal(err)
	}
	err = c.Watch(&policyChanges{
		policies: r, synced: func() bool { return f.synced }, subscribe: func(changed func()) { f.changed = changed },
		workloads: func(context.Context) (out []types.NamespacedName) {
			for _, n := range workloads {
				out = append(out, workload(n))
			}
			return out
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Start(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return f
}

// pass lets time pass, and whatever is due.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func outcomeWith(e entry) outcome { e.policy = "frame"; return outcome{entry: &e} }

func TestStatusIsWrittenOnChangeOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startPolicies(t, "a")
		f.policies.tracker.record(workload("a"), outcomeWith(entry{}))
		pass(time.Minute)
		if len(f.at) != 1 || f.stored["u-frame"].Attached != 1 {
			t.Fatalf("written at %v: %+v", f.at, f.stored)
		}
		for range 5 {
			f.policies.tracker.record(workload("a"), outcomeWith(entry{}))
			pass(time.Minute)
		}
		if len(f.at) != 1 || f.reads != 1 {
			t.Errorf("without a change written at %v, and read %d times", f.at, f.reads)
		}
		f.policies.tracker.record(workload("a"), outcomeWith(entry{paused: true}))
		pass(time.Minute)
		if len(f.at) != 2 || f.stored["u-frame"].Paused != 1 {
			t.Errorf("after a change written at %v: %+v", f.at, f.stored)
		}
	})
}

func TestNothingIsWrittenBeforeAllWereSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startPolicies(t, "a", "b")
		f.synced = false
		f.policies.tracker.record(workload("a"), outcomeWith(entry{}))
		pass(20 * time.Second)
		f.policies.tracker.record(workload("b"), outcomeWith(entry{}))
		pass(20 * time.Second)
		if len(f.at) != 0 {
			t.Fatalf("written at %v, before anything was read", f.at)
		}
		f.synced = true
		pass(2 * time.Second)
		if len(f.at) != 1 || f.stored["u-frame"].Attached != 2 {
			t.Errorf("written at %v: %+v", f.at, f.stored)
		}
	})
}

func TestAWorkloadThatIsNeverSeenDoesNotKeepStatusesForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startPolicies(t, "a")
		pass(statusStart)
		if len(f.at) != 1 {
			t.Errorf("written at %v", f.at)
		}
	})
}

func TestStatusIsWrittenSeldomUnderChurn(t *testing.T) {
	for _, pace := range []time.Duration{10 * time.Millisecond, 700 * time.Millisecond, 1500 * time.Millisecond} {
		t.Run(pace.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := startPolicies(t)
				pass(10 * time.Second) // the first write
				n := 0
				for end := time.Now().Add(30 * time.Second); time.Now().Before(end); pass(pace) {
					n++
					f.policies.tracker.record(workload(strconv.Itoa(n)), outcomeWith(entry{}))
				}
				pass(10 * time.Second)
				for i := 1; i < len(f.at); i++ {
					if f.at[i]-f.at[i-1] < statusEvery {
						t.Errorf("written at %v", f.at)
					}
				}
				if got := f.stored["u-frame"].Attached; len(f.at) < 9 || int(got) != n {
					t.Errorf("written %d times, and of %d workloads %d are attached in the end", len(f.at), n, got)
				}
			})
		})
	}
}

func TestFailedWritesAreRetriedAtLength(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startPolicies(t)
		f.fail = errors.New("no")
		pass(10 * time.Minute)
		if n := len(f.at); n < 8 || n > 20 {
			t.Errorf("%d attempts in ten minutes", n)
		}
		f.fail = nil
		pass(2 * statusRetryMax)
		n := len(f.at)
		pass(time.Hour)
		if len(f.at) != n || f.stored["u-frame"].ObservedGeneration != 1 {
			t.Errorf("%d more attempts after success: %+v", len(f.at)-n, f.stored)
		}
	})
}

func TestARestartWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := startPolicies(t, "a")
		first.policies.tracker.record(workload("a"), outcomeWith(entry{pipeline: &noRule}))
		pass(time.Minute)
		second := startPolicies(t, "a")
		second.stored = first.stored
		before := first.stored["u-frame"]
		second.policies.tracker.record(workload("a"), outcomeWith(entry{pipeline: &noRule}))
		pass(time.Minute)
		if len(second.at) != 0 {
			t.Errorf("written at %v (-before +after):\n%s", second.at, cmp.Diff(before, second.stored["u-frame"]))
		}
	})
}

func TestNothingIsWrittenWhilePoliciesAreNotKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startPolicies(t)
		known := f.view
		f.view = &fakeView{}
		pass(time.Hour)
		if len(f.at) != 0 {
			t.Fatalf("written at %v", f.at)
		}
		f.view = known
		f.changed()
		pass(time.Minute)
		if len(f.at) != 1 {
			t.Errorf("written at %v once they are known", f.at)
		}
	})
}

func TestAPolicyOfTheSameNameIsAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startPolicies(t)
		pass(time.Minute)
		again := named("frame")
		again[0].UID = "v"
		f.view = &fakeView{list: again}
		f.changed()
		pass(time.Minute)
		if _, ok := f.stored["v"]; !ok || len(f.policies.written) != 1 {
			t.Errorf("stored %+v, remembered %d", f.stored, len(f.policies.written))
		}
	})
}

// Policies whose workloads do not change are neither evaluated nor written.
func TestOnlyTheAffectedPoliciesAreWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startPolicies(t)
		f.view = &fakeView{list: named("frame", "other")}
		pass(time.Minute)
		if len(f.at) != 2 {
			t.Fatalf("written at %v", f.at)
		}
		before := f.policies.written["other"].at
		f.policies.tracker.record(workload("a"), outcomeWith(entry{}))
		pass(time.Minute)
		if len(f.at) != 3 || f.stored["u-frame"].Attached != 1 || f.policies.written["other"].at != before {
			t.Errorf("written at %v, the other policy evaluated at %s", f.at, f.policies.written["other"].at)
		}
	})
}

// queued collects what a handler adds.
type queued struct {
	queue
	names []string
}

func (q *queued) AddAfter(r reconcile.Request, _ time.Duration) { q.names = append(q.names, r.Name) }

func TestDeploymentsAffectThePoliciesThatSelectThem(t *testing.T) {
	list := named("all", "back", "front")
	for i, tier := range []string{"back", "front"} {
		list[i+1].Spec.WorkloadSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"tier": tier}}
	}
	r := newPolicies(newStatusTracker())
	r.view = func() policyView { return &fakeView{list: list} }
	in := func(tier string) *appsv1.Deployment {
		return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"tier": tier}}}
	}
	h := r.onDeployments()
	for name, tt := range map[string]struct {
		handle func(q queue)
		want   []string
	}{
		"created": {func(q queue) { h.Create(t.Context(), event.CreateEvent{Object: in("back")}, q) }, []string{"all", "back"}},
		"there":   {func(q queue) { h.Create(t.Context(), event.CreateEvent{Object: in("back"), IsInInitialList: true}, q) }, nil},
		"deleted": {func(q queue) { h.Delete(t.Context(), event.DeleteEvent{Object: in("front")}, q) }, []string{"all", "front"}},
		"moved": {func(q queue) {
			h.Update(t.Context(), event.UpdateEvent{ObjectOld: in("back"), ObjectNew: in("front")}, q)
		},
			[]string{"all", "back", "all", "front"}},
		"as it was": {func(q queue) {
			h.Update(t.Context(), event.UpdateEvent{ObjectOld: in("back"), ObjectNew: in("back")}, q)
		}, nil},
	} {
		q := &queued{}
		tt.handle(q)
		if diff := cmp.Diff(tt.want, q.names); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Deployments that come and go are listed at most once in statusDelay for all policies
// together, and the last of them counts in the end.
func TestDeploymentsAreListedSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startPolicies(t)
		f.view = &fakeView{list: named("a", "b", "c", "d")}
		for i := range f.view.list {
			f.view.list[i].Spec.WorkloadSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"tier": "back"}}
		}
		pass(10 * time.Second)
		f.view.listed = 0
		for range 1000 {
			f.policies.deployments.Add(1)
			f.changed()
			pass(10 * time.Millisecond)
		}
		f.view.candidates = []policy.Candidate{{Workload: map[string]string{"tier": "back"}}}
		f.policies.deployments.Add(1)
		f.changed()
		pass(10 * time.Second)
		if f.view.listed > 8 {
			t.Errorf("listed %d times", f.view.listed)
		}
		if got := ready(f.policies.found.byPolicy["a"]); got.Message != "the policy is in force as it is written" {
			t.Errorf("in the end the first policy is %q", got.Message)
		}
	})
}
