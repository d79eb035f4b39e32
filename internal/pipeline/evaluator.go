package pipeline

import (
	"sync"
	"sync/atomic"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// maxRemembered bounds what an evaluator keeps: what is asked again is asked soon, and
// neither ten thousand workloads nor requests that never become objects must fill the
// memory.
const maxRemembered = 1000

// Evaluator evaluates one snapshot and remembers the answers, so that the same
// question costs a look-up. It is safe for concurrent use.
type Evaluator struct {
	snapshot *Snapshot
	// topology is the snapshot's, made when it is first asked for.
	topology func() *topology

	mu      sync.RWMutex
	answers map[Subject][]finding.Finding
}

// NewEvaluator returns an evaluator of s, which must not change any more.
func NewEvaluator(s *Snapshot) *Evaluator {
	return &Evaluator{
		snapshot: s,
		topology: sync.OnceValue(func() *topology { return newTopology(s) }),
		answers:  map[Subject][]finding.Finding{},
	}
}

// Evaluate is the function Evaluate on the evaluator's snapshot. The result is
// shared and must not be changed.
func (e *Evaluator) Evaluate(subject Subject) []finding.Finding {
	e.mu.RLock()
	answer, ok := e.answers[subject]
	e.mu.RUnlock()
	if ok {
		return answer
	}
	answer = evaluate(e.topology(), subject)
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.answers) >= maxRemembered {
		clear(e.answers)
	}
	e.answers[subject] = answer
	return answer
}

// Latest hands out the evaluator of whatever snapshot is the latest.
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
