package pipeline

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/rulecheck"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// Subject is what a pipeline is diagnosed for: one metric of one Service.
type Subject struct {
	Namespace, Service, Metric string
}

// Key is the Service's namespace and name.
func (s Subject) Key() types.NamespacedName {
	return types.NamespacedName{Namespace: s.Namespace, Name: s.Service}
}

// Object names the Service in findings.
func (s Subject) Object() finding.Object {
	return finding.Object{Kind: "Service", Namespace: s.Namespace, Name: s.Service}
}

// Case is one subject in one snapshot, measured by one source: what hops judge. It is
// judged by one goroutine; what it shares with other cases is safe for concurrent use.
type Case struct {
	Source   Source
	Snapshot *Snapshot
	Subject  Subject

	memo   map[any]any
	shared *sync.Map
}

// NewCase returns a case for judging single hops; Diagnose judges all.
func NewCase(source Source, s *Snapshot, subject Subject) *Case {
	return newCase(source, s, subject, &sync.Map{})
}

func newCase(source Source, s *Snapshot, subject Subject, shared *sync.Map) *Case {
	return &Case{Source: source, Snapshot: s, Subject: subject, memo: map[any]any{}, shared: shared}
}

// Memo returns what make returns, and calls it once for a case: hops share what they
// compute. The key is a value of a type of the package that computes it.
func Memo[T any](c *Case, key any, make func() T) T {
	if v, ok := c.memo[key].(T); ok {
		return v
	}
	v := make()
	c.memo[key] = v
	return v
}

// Shared is like Memo for what depends on the snapshot alone: make is called once for
// all cases of an Evaluator.
func Shared[T any](c *Case, key any, make func(*Snapshot) T) T {
	v, ok := c.shared.Load(key)
	if !ok {
		v, _ = c.shared.LoadOrStore(key, sync.OnceValue(func() T { return make(c.Snapshot) }))
	}
	return v.(func() T)()
}

// Explain is what the adapter's rules make of a request for the subject's metric, given
// what Prometheus stores; ok is false if the rules are not known. What is stored
// must not change any more.
func (c *Case) Explain(stored sim.Stored) (v rulecheck.Verdict, ok bool) {
	a := &c.Snapshot.Adapter
	if a.State != Known || a.Config == nil {
		return rulecheck.Verdict{}, false
	}
	explain := func() rulecheck.Verdict {
		v := c.explain(a.Config, stored)
		if v.Kind == rulecheck.RulePinned && stored.Shape != nil && c.registered(a.Config.Rules()[v.Rule], stored.Shape) {
			return v.Served()
		}
		return v
	}
	if len(stored.Series) == 0 {
		return explain(), true
	}
	type key struct {
		series *adapterconfig.Series
		length int
	}
	return Memo(c, key{&stored.Series[0], len(stored.Series)}, explain), true
}

// explain finds the verdict once for all Services that the scrape treats alike, and for this
// one if it depends on its name.
func (c *Case) explain(config *adapterconfig.Config, stored sim.Stored) rulecheck.Verdict {
	s := c.Subject
	if stored.Ordinary(s.Namespace, s.Service) {
		if v, ok := c.remembered().Any(config, s.Metric, stored.Shape).For(s.Namespace, s.Service); ok {
			return v
		}
	}
	return rulecheck.Explain(config, rulecheck.Target{
		Metric: s.Metric, Namespace: s.Namespace, Service: s.Service, Series: stored.Series, Shape: stored.Shape,
		Engines: &c.remembered().Engines,
	})
}

type memoryKey struct{}

// remembered is what is known of the rules of the snapshot's adapter.
func (c *Case) remembered() *rulecheck.Memory { return memoryOf(c.shared) }

func memoryOf(shared *sync.Map) *rulecheck.Memory {
	m, ok := shared.Load(memoryKey{})
	if !ok {
		m, _ = shared.LoadOrStore(memoryKey{}, &rulecheck.Memory{})
	}
	return m.(*rulecheck.Memory)
}

// maxEnrolled bounds the Services that are looked at for one rule.
const maxEnrolled = 200

// registered reports whether another Service, whose latency is measured, too, registers the
// metric by a rule. Like the subject it is assumed to have traffic.
func (c *Case) registered(r *adapterconfig.Rule, shape *sim.Shape) bool {
	left := maxEnrolled
	for _, e := range c.Snapshot.Extensions.Items {
		for _, service := range e.Services {
			if left--; e.Latency && left >= 0 && rulecheck.Matches(r, shape.Of(e.Namespace, service)) {
				return true
			}
		}
	}
	return false
}
