package rulecheck

import (
	"sync"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

const (
	// maxRemembered bounds the explanations of one configuration. There are few kinds of
	// them, and more only take longer.
	maxRemembered = 200
	// maxPrepared bounds those that are made again for another configuration.
	maxPrepared = 8
)

// Memory keeps the explanations of one configuration. It is safe for concurrent use; the
// zero value is empty.
type Memory struct {
	mu    sync.Mutex
	known map[string]remembered
}

type remembered struct {
	metric string
	shape  *sim.Shape
	find   func() *Explanation
}

// Any is what becomes of a request for any Service. It is found out once for a metric and a
// shape: others wait for the one who finds it out.
func (m *Memory) Any(c *adapterconfig.Config, metric string, shape *sim.Shape) *Explanation {
	key := metric + "\x00" + shape.Key()
	m.mu.Lock()
	r, ok := m.known[key]
	if !ok {
		if m.known == nil || len(m.known) >= maxRemembered {
			m.known = map[string]remembered{}
		}
		r = remembered{metric, shape, sync.OnceValue(func() *Explanation { return explainAny(c, metric, shape) })}
		m.known[key] = r
	}
	m.mu.Unlock()
	return r.find()
}

// Prepare makes the explanations that are kept again, for another configuration.
func (m *Memory) Prepare(c *adapterconfig.Config) *Memory {
	m.mu.Lock()
	var kept []remembered
	for _, r := range m.known {
		if len(kept) < maxPrepared {
			kept = append(kept, r)
		}
	}
	m.mu.Unlock()
	next := &Memory{}
	for _, r := range kept {
		next.Any(c, r.metric, r.shape)
	}
	return next
}
