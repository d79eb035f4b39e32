package adapterrule

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/rulecheck"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// reports says in numbers what the rule would report.
func reports(a sim.Answer) string {
	text := fmt.Sprintf("with requests of %s ms this rule would report ", number(a.Latency))
	switch {
	case math.IsNaN(a.Value):
		return text + "NaN, which the adapter serves as 0"
	case math.IsInf(a.Value, 0):
		return text + "infinity, which the adapter serves as an arbitrary number"
	}
	return text + number(a.Value)
}

// number is a number with four digits.
func number(v float64) string {
	if math.Abs(v) >= 1000 && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// meanings say what a value is that is not the latency.
var meanings = map[sim.Meaning]string{
	sim.Lifetime: ", which is the average since the data planes started",
	sim.Constant: ", which is the same whatever the latency is",
	sim.Seconds:  ", which is the latency in seconds, and the target is in milliseconds",
	sim.Inverse:  ", which is one divided by the latency",
	sim.Requests: ", which is the number of requests in a second",
	sim.Busy:     ", which is how many milliseconds all requests of a second take together",
}

// mixed says in numbers what the rule reports, and whose requests it counts, too.
func (c ruleCase) mixed(g sim.Evaluation) string {
	text := reports(g.Answer)
	if !math.IsNaN(g.Value) && !math.IsInf(g.Value, 0) {
		text += " ms"
	}
	if g.Mixes == sim.OtherService {
		return text + ", because it also counts other Services in namespace " + c.Subject.Namespace
	}
	return text + ", because it also counts Service " + c.Subject.Service + " in " + c.elsewhere()
}

// elsewhere are namespaces in which a Service of the same name is measured, too.
func (c ruleCase) elsewhere() string {
	for _, e := range c.Snapshot.Extensions.Items {
		if e.Latency && e.Namespace != c.Subject.Namespace && slices.Contains(e.Services, c.Subject.Service) {
			return "namespace " + e.Namespace
		}
	}
	return "other namespaces"
}

// wrong is the finding about a rule whose value is not the latency.
func (c ruleCase) wrong() []finding.Finding {
	g := c.verdict.Given
	sentence := fmt.Sprintf("%s gives another number than the latency: ", c.verdict.Path)
	if g.Mixes != sim.None {
		sentence += c.mixed(g)
	} else {
		sentence += reports(g.Answer) + meanings[g.Meaning]
	}
	reason := WrongValue
	if g.Meaning == sim.Lifetime {
		reason = LifetimeAverage
	}
	return c.found(reason, sentence+": "+c.query())
}

// misleading finds what is wrong with a value that is right while one data plane measures the
// Service.
func (c ruleCase) misleading() []finding.Finding {
	path, g := c.verdict.Path, c.verdict.Given
	switch {
	case g.Several != nil && g.Several.Outcome == sim.Refused:
		return c.found(NotAggregated, fmt.Sprintf("when several data planes measure the Service Prometheus refuses %s: %s", path, shortText(g.Several.Err.Error())))
	case g.Several != nil && g.Several.Outcome == sim.Missing:
		return c.found(NotAggregated, fmt.Sprintf("when several data planes measure the Service %s gives no sample: %s", path, c.query()))
	case g.Several != nil && g.Several.Outcome == sim.Wrong:
		return c.found(NotAggregated, fmt.Sprintf("when several data planes measure the Service %s gives another number: %s: %s", path, reports(*g.Several), c.query()))
	case g.Several != nil:
		return c.found(NotAggregated, fmt.Sprintf(
			"%s gives a sample for each data plane, of which an arbitrary one counts; it must aggregate them", path))
	case g.Idle != nil && g.Idle.Outcome == sim.Wrong:
		return c.found(IdleDataPlane, fmt.Sprintf("%s divides before it aggregates, so that beside one data plane without traffic, %s: %s", path, reports(*g.Idle), c.query()))
	}
	return nil
}

// counted adds to what is said of a mixture what it would report.
func counted(c ruleCase, v rulecheck.Verdict) string {
	if v.Given.Outcome != sim.Wrong {
		return c.query()
	}
	return c.mixed(v.Given) + ": " + c.query()
}
