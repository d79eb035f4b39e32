package pipeline

import (
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
	source  string
	subject Subject
}

// NewEvaluator returns an evaluator of s, which must not change any more.
func NewEvaluator(s *Snapshot) *Evaluator {
	return &Evaluator{snapshot: s, shared: &sync.Map{}, reports: map[request]Report{}}
}

// Diagnose is the function Diagnose on the evaluator's snapshot. The result is shared
// and must not be changed.
func (e *Evaluator) Diagnose(source Source, subject Subject) Report {
	q := request{source.Name(), subject}
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

	current atomic.Pointer[Evaluator]
}

// Evaluator returns the evaluator of the latest snapshot.
func (l *Latest) Evaluator() *Evaluator {
	s := l.Snapshot()
	if e := l.current.Load(); e != nil && e.snapshot == s {
		return e
	}
	e := NewEvaluator(s)
	l.current.Store(e)
	return e
}
