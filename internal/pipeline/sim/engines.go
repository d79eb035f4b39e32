package sim

import (
	"strings"
	"sync"
	"time"

	"github.com/prometheus/prometheus/promql"
)

const (
	// maxSamples and timeout end a query that costs more than was foreseen.
	maxSamples = 2_000_000
	timeout    = 5 * time.Second
)

// Engines are Prometheus' PromQL engines. Making one costs as much as a hundred queries, most
// of it for metrics of its own. They are safe for concurrent use; the zero value has none yet.
type Engines struct {
	mu   sync.Mutex
	made map[engineKey]*promql.Engine
}

type engineKey struct {
	interval time.Duration
	features string
}

// maxEngines bounds how many there are: as many as combinations of feature flags.
const maxEngines = 16

func (e *Engines) engine(shape *Shape, interval time.Duration) *promql.Engine {
	key := engineKey{interval, strings.Join(shape.Features, ",")}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.made[key] == nil {
		if e.made == nil || len(e.made) >= maxEngines {
			e.made = map[engineKey]*promql.Engine{}
		}
		e.made[key] = promql.NewEngine(promql.EngineOpts{
			MaxSamples: maxSamples, Timeout: timeout, EnableAtModifier: true, EnableNegativeOffset: true,
			NoStepSubqueryIntervalFn: func(int64) int64 { return interval.Milliseconds() },
			Parser:                   shape.Parser(),
		})
	}
	return e.made[key]
}
