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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/policy"
)

type viewOf []v1alpha1.LatencyPolicy

func (v viewOf) List() []v1alpha1.LatencyPolicy { return v }
func (v viewOf) Known() bool                    { return v != nil }
func (v viewOf) Set() *policy.Set               { return policy.Compile(v) }
func (v viewOf) Candidates(context.Context, client.Reader) ([]policy.Candidate, error) {
	return nil, nil
}

// written is what a writer under test did.
type written struct {
	writer *policyWriter
	view   viewOf
	stored map[types.UID]v1alpha1.LatencyPolicyStatus
	at     []time.Duration // since the start
	reads  int
	fail   error
	synced bool
}

// startWriter runs a writer with one policy and the workloads named, in a bubble.
func startWriter(t *testing.T, workloads ...string) *written {
	t.Helper()
	p := v1alpha1.LatencyPolicy{ObjectMeta: metav1.ObjectMeta{Name: "frame", UID: "u", Generation: 1}}
	f := &written{writer: newPolicyWriter(), view: viewOf{p}, stored: map[types.UID]v1alpha1.LatencyPolicyStatus{}, synced: true}
	w, start := f.writer, time.Now()
	w.log, w.subscribe = logr.Discard(), func(func()) {}
	w.policies, w.synced = func() policyView { return f.view }, func() bool { return f.synced }
	w.everything = func(context.Context) (out []types.NamespacedName) {
		for _, n := range workloads {
			out = append(out, workload(n))
		}
		return out
	}
	w.read = func(_ context.Context, p *v1alpha1.LatencyPolicy) (v1alpha1.LatencyPolicyStatus, error) {
		f.reads++
		return f.stored[p.UID], nil
	}
	w.apply = func(_ context.Context, p *v1alpha1.LatencyPolicy, s v1alpha1.LatencyPolicyStatus) error {
		f.at = append(f.at, time.Since(start))
		if f.fail != nil {
			return f.fail
		}
		f.stored[p.UID] = s
		return nil
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Start(ctx) }()
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

func ruled(e entry) outcome { e.policy = "frame"; return outcome{entry: &e} }

func TestStatusIsWrittenOnChangeOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startWriter(t, "a")
		f.writer.ledger.record(workload("a"), ruled(entry{}))
		pass(time.Minute)
		if len(f.at) != 1 || f.stored["u"].Attached != 1 {
			t.Fatalf("written at %v: %+v", f.at, f.stored)
		}
		for range 5 {
			f.writer.ledger.record(workload("a"), ruled(entry{}))
			pass(time.Minute)
		}
		if len(f.at) != 1 || f.reads != 1 {
			t.Errorf("without a change written at %v, and read %d times", f.at, f.reads)
		}
		f.writer.ledger.record(workload("a"), ruled(entry{paused: true}))
		pass(time.Minute)
		if len(f.at) != 2 || f.stored["u"].Paused != 1 {
			t.Errorf("after a change written at %v: %+v", f.at, f.stored)
		}
	})
}

func TestNothingIsWrittenBeforeAllWereSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startWriter(t, "a", "b")
		f.synced = false
		f.writer.ledger.record(workload("a"), ruled(entry{}))
		pass(20 * time.Second)
		f.writer.ledger.record(workload("b"), ruled(entry{}))
		pass(20 * time.Second)
		if len(f.at) != 0 {
			t.Fatalf("written at %v, before anything was read", f.at)
		}
		f.synced = true
		pass(2 * time.Second)
		if len(f.at) != 1 || f.stored["u"].Attached != 2 {
			t.Errorf("written at %v: %+v", f.at, f.stored)
		}
	})
}

func TestAWorkloadThatIsNeverSeenDoesNotKeepStatusesForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startWriter(t, "a")
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
				f := startWriter(t)
				pass(10 * time.Second) // the first write
				n := 0
				for end := time.Now().Add(30 * time.Second); time.Now().Before(end); pass(pace) {
					n++
					f.writer.ledger.record(workload(strconv.Itoa(n)), ruled(entry{}))
				}
				pass(10 * time.Second)
				for i := 1; i < len(f.at); i++ {
					if f.at[i]-f.at[i-1] < statusEvery {
						t.Errorf("written at %v", f.at)
					}
				}
				if got := f.stored["u"].Attached; len(f.at) < 9 || int(got) != n {
					t.Errorf("written %d times, and of %d workloads %d are attached in the end", len(f.at), n, got)
				}
			})
		})
	}
}

func TestFailedWritesAreRetriedAtLength(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startWriter(t)
		f.fail = errors.New("no")
		pass(10 * time.Minute)
		if n := len(f.at); n < 8 || n > 20 {
			t.Errorf("%d attempts in ten minutes", n)
		}
		f.fail = nil
		pass(2 * statusRetryMax)
		n := len(f.at)
		pass(time.Hour)
		if len(f.at) != n || f.stored["u"].ObservedGeneration != 1 {
			t.Errorf("%d more attempts after success: %+v", len(f.at)-n, f.stored)
		}
	})
}

func TestARestartWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := startWriter(t, "a")
		first.writer.ledger.record(workload("a"), ruled(entry{pipeline: &noRule}))
		pass(time.Minute)
		second := startWriter(t, "a")
		second.stored = first.stored
		before := first.stored["u"]
		second.writer.ledger.record(workload("a"), ruled(entry{pipeline: &noRule}))
		pass(time.Minute)
		if len(second.at) != 0 {
			t.Errorf("written at %v (-before +after):\n%s", second.at, cmp.Diff(before, second.stored["u"]))
		}
	})
}

func TestNothingIsWrittenWhilePoliciesAreNotKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startWriter(t)
		known := f.view
		f.view = nil
		pass(time.Hour)
		if len(f.at) != 0 {
			t.Fatalf("written at %v", f.at)
		}
		f.view = known
		f.writer.changed()
		pass(time.Minute)
		if len(f.at) != 1 {
			t.Errorf("written at %v once they are known", f.at)
		}
	})
}

func TestAPolicyOfTheSameNameIsAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startWriter(t)
		pass(time.Minute)
		again := f.view[0]
		again.UID = "v"
		f.view = viewOf{again}
		f.writer.changed()
		pass(time.Minute)
		if _, ok := f.stored["v"]; !ok || len(f.writer.last) != 1 {
			t.Errorf("stored %+v, remembered %d", f.stored, len(f.writer.last))
		}
	})
}
