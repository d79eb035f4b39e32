package rulecheck

import (
	"sync"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// maxRemembered bounds the explanations of one configuration. There are few kinds of
// them, and more only take longer.
const maxRemembered = 200

// Memory keeps the explanations of one configuration. It is safe for concurrent use; the
// zero value is empty.
type Memory struct {
	mu    sync.Mutex
	known map[string]func() *Explanation

	// Engines are those by which it finds out, for others to use.
	Engines sim.Engines
}

// Any is what becomes of a request for any Service. It is found out once for a metric and a
// shape: others wait for the one who finds it out.
func (m *Memory) Any(c *adapterconfig.Config, metric string, shape *sim.Shape) *Explanation {
	key := metric + "\x00" + shape.Key()
	m.mu.Lock()
	find, ok := m.known[key]
	if !ok {
		if m.known == nil || len(m.known) >= maxRemembered {
			m.known = map[string]func() *Explanation{}
		}
		find = sync.OnceValue(func() *Explanation { return explainAny(c, metric, shape, &m.Engines) })
		m.known[key] = find
	}
	m.mu.Unlock()
	return find()
}
