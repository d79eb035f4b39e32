package controller

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/cluster/watch"
	"github.com/kong-latency/kong-latency/internal/output/hpa"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/status"
	"github.com/kong-latency/kong-latency/test/testutil"
)

// fakeStatuses is what is written of one LatencyAutoscaler.
type fakeStatuses struct {
	pending, exists, known bool
	written                watch.Written
}

func (f *fakeStatuses) Get(types.NamespacedName) (watch.Written, bool, bool) {
	return f.written, f.exists, f.known
}
func (f *fakeStatuses) Pending() bool                                  { return f.pending }
func (*fakeStatuses) Subscribe(func(all bool, _ types.NamespacedName)) {}

// A workload gets what is written of it; where nothing can be, its autoscaler keeps the load
// that it has, and gets the target of the settings.
func TestWhatAWorkloadHasLearned(t *testing.T) {
	rate := func(s string) *resource.Quantity { return ptr.To(resource.MustParse(s)) }
	p := testutil.Plan(t, testutil.Settings("requests-per-second-per-pod", "auto"))
	attached := p
	attached.Learned = plan.Learned{RequestsPerSecondPerPod: rate("7"), LatencyTarget: rate("55")}
	live := generator.HPA(attached)
	load := watch.Written{Summary: status.Summary{Digest: 1, Load: &v1alpha1.LearnedLoad{RequestsPerSecondPerPod: rate("12"), LatencyTarget: rate("60")}}}
	for name, tt := range map[string]struct {
		fake        *fakeStatuses
		wait        bool
		rate, goal  string
		withoutLive bool
	}{
		"written":                       {fake: &fakeStatuses{known: true, exists: true, written: load}, rate: "12", goal: "60"},
		"written, with nothing learned": {fake: &fakeStatuses{known: true, exists: true}, rate: "1000000", goal: "40"},
		"not read yet":                  {fake: &fakeStatuses{pending: true}, wait: true},
		"unreadable":                    {fake: &fakeStatuses{}, rate: "7", goal: "40"},
		"deleted":                       {fake: &fakeStatuses{known: true}, rate: "7", goal: "40"},
		"new":                           {fake: &fakeStatuses{known: true}, rate: "1000000", goal: "40", withoutLive: true},
		"no statuses":                   {rate: "7", goal: "40"},
	} {
		t.Run(name, func(t *testing.T) {
			var s *statuses
			if tt.fake != nil {
				s = newStatuses(nil, nil, tt.fake, time.Now)
			}
			now := p
			var ok bool
			if tt.withoutLive {
				now.Learned, ok = s.learned(types.NamespacedName{}, hpa.Output{}, nil, p)
			} else {
				now.Learned, ok = s.learned(types.NamespacedName{}, hpa.Output{}, live, p)
			}
			if ok == tt.wait {
				t.Fatalf("known is %v", ok)
			}
			if tt.wait {
				return
			}
			target := now.LatencyTarget()
			if got := annotations.FormatTarget(now.Loads()[0].PerPod); got != tt.rate || annotations.FormatTarget(target) != tt.goal {
				t.Errorf("it gets %s per pod at %s ms, want %s at %s", got, &target, tt.rate, tt.goal)
			}
		})
	}
}

// Until the watch shows what was just written, that is what was learned.
func TestWhatWasJustWrittenIsLearned(t *testing.T) {
	now := time.Now()
	fake := &fakeStatuses{known: true, exists: true}
	s := newStatuses(nil, nil, fake, func() time.Time { return now })
	key := types.NamespacedName{Name: "echo"}
	s.tried(key, attempt{digest: 2, at: now, load: &v1alpha1.LearnedLoad{State: "new"}})
	fake.written.Summary = status.Summary{Digest: 1, Load: &v1alpha1.LearnedLoad{State: "old"}}
	if got := s.before(key).Load.State; got != "new" {
		t.Errorf("before the watch shows it, it is %q", got)
	}
	fake.written.Summary = status.Summary{Digest: 2, Load: &v1alpha1.LearnedLoad{State: "shown"}}
	if got := s.before(key).Load.State; got != "shown" {
		t.Errorf("once the watch shows it, it is %q", got)
	}
	fake.written.Summary = status.Summary{Digest: 3, Load: &v1alpha1.LearnedLoad{State: "another's"}}
	now = now.Add(writePatience)
	if got := s.before(key).Load.State; got != "another's" {
		t.Errorf("later it is %q", got)
	}
}
