package pipeline

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// maxRemembered bounds what an evaluator keeps: a question that comes again comes soon, and
// neither ten thousand workloads nor requests that never become objects may fill the
// memory.
const maxRemembered = 1000

// Evaluator diagnoses subjects in one snapshot and remembers the reports, so that the
// same question costs a look-up. It is safe for concurrent use.
type Evaluator struct {
	snapshot *Snapshot
	// shared is what cases of the snapshot share.
	shared *sync.Map

	mu      sync.RWMutex
	reports map[request]Report
}

type request struct {
	source  Source
	subject Subject
}

// NewEvaluator returns an evaluator of s, which must not change any more.
func NewEvaluator(s *Snapshot) *Evaluator {
	return &Evaluator{snapshot: s, shared: &sync.Map{}, reports: map[request]Report{}}
}

// Diagnose is the function Diagnose on the evaluator's snapshot. The result is shared
// and must not be changed.
func (e *Evaluator) Diagnose(source Source, subject Subject) Report {
	q := request{source, subject}
	e.mu.RLock()
	report, ok := e.reports[q]
	e.mu.RUnlock()
	if ok {
		return report
	}
	report = diagnose(newCase(source, e.snapshot, subject, e.shared))
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.reports) >= maxRemembered {
		clear(e.reports)
	}
	e.reports[q] = report
	return report
}

// Latest returns the evaluator of the latest snapshot.
type Latest struct {
	// Snapshot returns the latest snapshot, always the same pointer for the same one.
	Snapshot func() *Snapshot

	current, next atomic.Pointer[Evaluator]
}

// Prepare makes the evaluator of a snapshot that is about to be the latest. A question about
// each metric is answered beforehand, so that whoever comes first does not pay for what all
// Services have in common.
func (l *Latest) Prepare(s *Snapshot) {
	e := NewEvaluator(s)
	if before := l.current.Load(); before != nil {
		if before.snapshot.Adapter.Config == s.Adapter.Config {
			e.shared.Store(memoryKey{}, memoryOf(before.shared))
		}
		for _, q := range before.examples() {
			e.Diagnose(q.source, q.subject)
		}
	}
	l.next.Store(e)
}

// maxExamples bounds the questions that are answered beforehand.
const maxExamples = 8

// examples are questions that came, one about each metric, the first by name of each.
func (e *Evaluator) examples() []request {
	e.mu.RLock()
	defer e.mu.RUnlock()
	first := map[string]request{}
	for q := range e.reports {
		if known, ok := first[q.subject.Metric]; !ok || q.subject.Key().String() < known.subject.Key().String() {
			first[q.subject.Metric] = q
		}
	}
	var out []request
	for _, metric := range slices.Sorted(maps.Keys(first))[:min(len(first), maxExamples)] {
		out = append(out, first[metric])
	}
	return out
}

// Evaluator returns the evaluator of the latest snapshot.
func (l *Latest) Evaluator() *Evaluator {
	s := l.Snapshot()
	for _, known := range []*Evaluator{l.current.Load(), l.next.Load()} {
		if known != nil && known.snapshot == s {
			l.current.Store(known)
			return known
		}
	}
	e := NewEvaluator(s)
	l.current.Store(e)
	return e
}
