package adapterconfig

import (
	"fmt"
	"strings"
)

// Work is counted in steps of about 100 ns, so that it ends in the same place
// on every machine.
const (
	// maxWork bounds what one [Config.Explain] spends on queries: 2,000 that are
	// prepared, all different and each like the guide's, need three quarters of
	// it, and such as are alike next to nothing.
	maxWork = 240_000
	// maxPreparing bounds what one [Parse] spends on preparing queries.
	maxPreparing = 1_000_000
)

// errWork is an [ErrCostly]: the queries of a configuration ask for too much.
var errWork = fmt.Errorf("%w: the queries together take too long to follow", ErrCostly)

// queryWork is the work of parsing and following a query: by its length, and
// by the square of how deep it may be, which is how the parser checks it.
func queryWork(query string) int {
	deep := strings.Count(query, "or") + strings.Count(query, "and") + strings.Count(query, "unless")
	for i := range len(query) {
		switch query[i] {
		case '+', '-', '*', '/', '%', '^', '(', '[', '=', '!', '<', '>':
			deep++
		}
	}
	return len(query) + deep*deep/20
}

// work is that of following the query; it is less than that of parsing it.
func (p *prepared) work() int { return 1 + p.size/4 + 20*p.joins }

// spend takes work from what is left, and tells whether that was enough.
func (s *search) spend(work int) bool {
	s.work -= work
	return s.work >= 0
}
