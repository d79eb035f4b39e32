package controller

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/autoscale/learn"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/plan"
)

const (
	// sampleEvery is how often a sample counts although its values have not changed: the
	// status of an autoscaler is written only if they do. It is one and a half times the
	// period of the HorizontalPodAutoscaler controller, so that a sample that is only late
	// is not taken for one that is the same.
	sampleEvery = 22 * time.Second
	// snapshotEvery is the least time between two writes that only renew the state of what
	// is learned.
	snapshotEvery = 30 * time.Minute
	// fullFor is how long a latency must exceed the target at the maximum of replicas before
	// that is a finding.
	fullFor = 5 * time.Minute
)

// learning learns the load per pod of workloads whose plan says so, from what their
// autoscalers report. What it learned is written to the LatencyAutoscaler, and is read from
// there after a restart. A nil learning learns nothing.
type learning struct {
	// reader reads the cache.
	reader client.Reader
	clock  clock
	log    logr.Logger

	mu      sync.Mutex
	lessons map[types.NamespacedName]*lesson
	// learned is called for a workload of which something new is known. It must not block.
	learned func(types.NamespacedName)
}

// lesson is what is learned of one workload.
type lesson struct {
	plan   plan.Plan
	config learn.Config
	state  learn.State
	last   learn.Sample
	// now is what the autoscaler is to have, and load what the status is to say.
	now  plan.Learned
	load *v1alpha1.LearnedLoad
	// snapshot is when load was last renewed.
	snapshot time.Time
	// full is since when the latency exceeds the target at the maximum; zero if it does not.
	full time.Time
	// saturation is what is known about whether more pods help.
	saturation output.Saturation
	// rolling is true while pods of another version replace those there are.
	rolling bool
}

func newLearning(reader client.Reader, c clock, log logr.Logger) *learning {
	return &learning{reader: reader, clock: c, log: log, lessons: map[types.NamespacedName]*lesson{}, learned: func(types.NamespacedName) {}}
}

// follow begins to learn of a workload with a plan, or goes on, and returns what its
// autoscaler and its status are to have. Where nothing is known yet that is what was written.
func (l *learning) follow(key types.NamespacedName, p plan.Plan, written plan.Learned, status *v1alpha1.LearnedLoad) (plan.Learned, *v1alpha1.LearnedLoad) {
	if l == nil {
		return written, status
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !p.Learns() {
		delete(l.lessons, key)
		return plan.Learned{}, nil
	}
	one, known := l.lessons[key]
	if !known {
		one = &lesson{now: written, load: status.DeepCopy(), snapshot: l.clock.now()}
		one.state = l.restored(key, written, status)
		l.lessons[key] = one
	}
	config := learn.Config{
		Target: p.Target.AsApproximateFloat64(), Window: metricWindow, Continue: p.OnNoEffect == annotations.NoEffectContinue,
	}
	if known && config.Target != one.config.Target {
		one.now.LatencyTarget = nil // the next sample says what it is
	}
	one.plan, one.config = p, config
	return one.now, one.load
}

// restored is the state that was written. Of one that cannot be read, the load per pod
// remains, so that the size does not change.
func (l *learning) restored(key types.NamespacedName, written plan.Learned, status *v1alpha1.LearnedLoad) learn.State {
	text := ""
	if status != nil {
		text = status.State
	}
	s, err := learn.Decode(text)
	if err != nil {
		l.log.Info("what was learned of a workload cannot be read, and is learned again", "workload", key, "why", err.Error())
	}
	if s.LoadPerPod == 0 && written.RequestsPerSecondPerPod != nil {
		s.LoadPerPod = written.RequestsPerSecondPerPod.AsApproximateFloat64()
	}
	return s
}

// forget drops what is known of a workload.
func (l *learning) forget(key types.NamespacedName) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.lessons, key)
}

// observe learns from a live autoscaler, and reports whether its workload has to be
// reconciled for that.
func (l *learning) observe(by output.Output, live output.Object) bool {
	if l == nil {
		return false
	}
	key := types.NamespacedName{Namespace: live.GetNamespace(), Name: by.Autoscaler(live).Scales.Name}
	l.mu.Lock()
	one, ok := l.lessons[key]
	ok = ok && one.plan.Name == live.GetName()
	var p plan.Plan
	if ok {
		p = one.plan
	}
	l.mu.Unlock()
	if !ok {
		return false
	}
	x, ok := sampleOf(p, by.Observe(live))
	return ok && l.step(key, x)
}

// sampleOf is what an autoscaler reports, without the time and the pods that are ready. ok is
// false if it could not read the latency or the load. Where only the concurrency is known,
// the load follows by Little's law.
func sampleOf(p plan.Plan, seen output.Observation) (x learn.Sample, ok bool) {
	latency, _ := seen.Metric(p.Metric)
	if latency.Current == nil {
		return learn.Sample{}, false
	}
	x = learn.Sample{Replicas: seen.DesiredReplicas, Measured: seen.CurrentReplicas, Latency: latency.Current.AsApproximateFloat64()}
	pods := float64(seen.CurrentReplicas)
	if rate, _ := seen.Metric(p.RequestsPerSecond.Metric); rate.CurrentPerPod != nil {
		x.Load = rate.CurrentPerPod.AsApproximateFloat64() * pods
		return x, true
	}
	concurrency, _ := seen.Metric(p.Concurrency.Metric)
	if concurrency.CurrentPerPod == nil {
		return learn.Sample{}, false
	}
	if x.Latency > 0 {
		x.Load = concurrency.CurrentPerPod.AsApproximateFloat64() * pods * 1000 / x.Latency
	}
	return x, true
}

// step learns from a sample at the present time, and reports whether something follows.
func (l *learning) step(key types.NamespacedName, x learn.Sample) bool {
	var d appsv1.Deployment
	if err := l.reader.Get(context.Background(), key, &d); err != nil {
		return false // it has just been deleted
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	one, ok := l.lessons[key]
	if !ok {
		return false
	}
	x.Time, x.Ready = l.clock.now(), d.Status.ReadyReplicas
	one.roll(d.Status.UpdatedReplicas < d.Status.Replicas)
	if one.rolling {
		x.Ready = min(x.Ready, x.Replicas-1) // nothing is settled until all are of one version
	}
	before := one.state.Outcome()
	one.state, one.last = learn.Step(one.config, one.state, x), x
	if o := one.state.Outcome(); o != before && o != learn.Unsettled && o != learn.Met {
		l.log.V(1).Info("learned of the load per pod", "workload", key, "outcome", string(o),
			"latency", x.Latency, "load", x.Load, "replicas", x.Measured)
	}
	saturated := one.saturate(x)
	return one.record(x.Time) || saturated
}

// saturate notes whether more pods help, and reports whether that changed.
func (one *lesson) saturate(x learn.Sample) bool {
	switch {
	case x.Replicas < one.plan.MaxReplicas || x.Latency <= one.config.Target:
		one.full = time.Time{}
	case one.full.IsZero():
		one.full = x.Time
	}
	before := one.saturation
	one.saturation = output.Saturation{AtMaximum: !one.full.IsZero() && x.Time.Sub(one.full) >= fullFor}
	if one.state.Best > 0 {
		one.saturation.Best, one.saturation.NeverMet = one.state.Best, one.state.NeverMet()
	}
	return one.saturation != before
}

// saturated is what is known about whether more pods help a workload.
func (l *learning) saturated(key types.NamespacedName) output.Saturation {
	if l == nil {
		return output.Saturation{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	one, ok := l.lessons[key]
	if !ok {
		return output.Saturation{}
	}
	return one.saturation
}

// roll notes whether pods of another version replace those there are.
func (one *lesson) roll(rolling bool) {
	if rolling && !one.rolling {
		one.state = one.state.Renewed()
	}
	one.rolling = rolling
}

// record brings what the autoscaler and the status are to have up to what is known, and
// reports whether either changed.
func (one *lesson) record(now time.Time) bool {
	var perPod, concurrency *resource.Quantity
	if v := one.state.LoadPerPod; v > 0 && one.plan.RequestsPerSecond.Auto {
		perPod = quantity(v)
	}
	if v := one.state.Concurrency(); v > 0 && one.plan.Concurrency.Auto {
		concurrency = quantity(v)
	}
	next := plan.Learned{RequestsPerSecondPerPod: perPod, ConcurrencyPerPod: concurrency, LatencyTarget: one.target(one.state.LatencyTarget(one.config))}
	load := &v1alpha1.LearnedLoad{
		RequestsPerSecondPerPod: perPod, ConcurrencyPerPod: concurrency,
		LatencyTarget: one.target(one.state.Guard(one.config)),
	}
	changed := !equality.Semantic.DeepEqual(next, one.now)
	one.now = next
	if one.load != nil && same(load, one.load) && now.Sub(one.snapshot) < snapshotEvery {
		return changed
	}
	load.State = one.state.Encode()
	load.Since = ptr.To(metav1.NewTime(now.UTC().Truncate(time.Second)))
	if one.load != nil && same(load, one.load) {
		load.Since = one.load.Since
	}
	one.snapshot = now
	renewed := one.load == nil || load.State != one.load.State || !same(load, one.load)
	one.load = load
	return changed || renewed
}

// same reports whether two loads have the same values.
func same(a, b *v1alpha1.LearnedLoad) bool {
	return equality.Semantic.DeepEqual(a.RequestsPerSecondPerPod, b.RequestsPerSecondPerPod) &&
		equality.Semantic.DeepEqual(a.ConcurrencyPerPod, b.ConcurrencyPerPod) &&
		equality.Semantic.DeepEqual(a.LatencyTarget, b.LatencyTarget)
}

// target is a target of the latency; nil if it is the workload's own.
func (one *lesson) target(milliseconds float64) *resource.Quantity {
	if milliseconds == one.config.Target {
		return nil
	}
	return quantity(milliseconds)
}

// quantity has three digits, which is more than is known.
func quantity(v float64) *resource.Quantity {
	unit := math.Pow(10, math.Floor(math.Log10(v))-2)
	return resource.NewMilliQuantity(int64(math.Round(math.Round(v/unit)*unit*1000)), resource.DecimalSI)
}

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (*learning) NeedLeaderElection() bool { return true }

// Start implements manager.Runnable: it steps with the last values of workloads whose values do not
// change.
func (l *learning) Start(ctx context.Context) error {
	tick := time.NewTicker(max(l.clock.wait(sampleEvery)/3, 100*time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			l.repeat()
		}
	}
}

// repeat steps with the last values of workloads that had no others for a while. One without
// load is idle.
func (l *learning) repeat() {
	now := l.clock.now()
	due := map[types.NamespacedName]learn.Sample{}
	l.mu.Lock()
	learned := l.learned
	for key, one := range l.lessons {
		if one.last.Load > 0 && now.Sub(one.last.Time) >= sampleEvery {
			x := one.last
			x.Measured = x.Replicas
			due[key] = x
		}
	}
	l.mu.Unlock()
	for key, x := range due {
		if l.step(key, x) {
			learned(key)
		}
	}
}

// source reconciles the workloads of which something new is known.
func (l *learning) source() source.Source {
	return source.Func(func(_ context.Context, q queue) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.learned = func(key types.NamespacedName) { addAll(q, 0, []types.NamespacedName{key}) }
		return nil
	})
}
