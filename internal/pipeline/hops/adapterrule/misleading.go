package adapterrule

import (
	"fmt"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/rulecheck"
)

// misleading finds what is wrong with the value of a query that has one.
func (c ruleCase) misleading() []finding.Finding {
	smells := rulecheck.Inspect(c.verdict.Query.Expr)
	path := c.verdict.Path
	switch {
	case smells.Lifetime:
		return c.found(LifetimeAverage, fmt.Sprintf("%s divides counters that it does not rate, which is the average since the data plane started: %s", path, c.query()))
	case smells.RatioWithin != "":
		return c.found(IdleDataPlane, fmt.Sprintf("%s divides before it aggregates with %s, so that one data plane without traffic makes the value NaN, which the adapter serves as 0: %s",
			path, smells.RatioWithin, c.query()))
	default:
		return nil
	}
}
