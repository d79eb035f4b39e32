package adapterconfig

import (
	"errors"
	"regexp"

	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/kong-latency/kong-latency/internal/pipeline/bound"
)

// compiler compiles the parts of rules and collects what is wrong. Rules share
// what they have in common: those of a large configuration are much alike, and
// evaluation is a fifth faster with less to keep in memory.
type compiler struct {
	resources Resources
	errs      Errors
	selectors map[string][]*promlabels.Matcher
	regexps   map[string]*regexp.Regexp
	queries   map[string]*goTemplate
	// size is that of all regular expressions together, in instructions.
	size int
}

// maxSize bounds the regular expressions of one configuration, in instructions, which
// a ConfigMap full of words without repetitions has: they need about 40 MB.
const maxSize = 1_000_000

func newCompiler(r Resources) *compiler {
	return &compiler{
		resources: r,
		selectors: map[string][]*promlabels.Matcher{},
		regexps:   map[string]*regexp.Regexp{},
		queries:   map[string]*goTemplate{},
	}
}

func (c *compiler) rule(list string, i int, spec RuleSpec) *Rule {
	r := &Rule{list: list, index: i, spec: spec}
	at := r.Path()
	r.selector, r.selectorErr = c.selector(spec.SeriesQuery, at.Child("seriesQuery"))
	r.filters = c.filters(spec.SeriesFilters, at.Child("seriesFilters"))
	r.mapping = c.mapping(spec.Resources, at.Child("resources"))
	r.naming = c.naming(spec.Name, at.Child("name"))
	r.query = c.query(spec.MetricsQuery, at.Child("metricsQuery"))
	return r
}

func (c *compiler) resourceRule(spec resourceRule, at Path) {
	c.query(spec.ContainerQuery, at.Child("containerQuery"))
	c.query(spec.NodeQuery, at.Child("nodeQuery"))
	c.mapping(spec.Resources, at.Child("resources"))
}

// selector reads a seriesQuery as Prometheus' series endpoint does: at
// least one matcher must refuse the empty string.
func (c *compiler) selector(text string, at Path) ([]*promlabels.Matcher, *Error) {
	if known, ok := c.selectors[text]; ok {
		return known, nil
	}
	var errs Errors
	if size, err := bound.Query(text); err != nil {
		c.errs.add(ErrorTooLarge, at, text, "is %v", err)
		return nil, nil
	} else if !c.affords(size, at, text) {
		return nil, nil
	}
	matchers, err := parser.NewParser(parser.Options{}).ParseMetricSelector(text)
	if err != nil {
		errs.add(ErrorSeriesQuery, at, text, "is no PromQL series selector: %v", err)
		return nil, errs[0]
	}
	for _, m := range matchers {
		if !m.Matches("") {
			c.selectors[text] = matchers
			return matchers, nil
		}
	}
	errs.add(ErrorSeriesQuery, at, text, "matches every series; at least one matcher must not match the empty string")
	return nil, errs[0]
}

func (c *compiler) regexp(expr string, at Path) *regexp.Regexp {
	if known, ok := c.regexps[expr]; ok {
		return known
	}
	size, err := bound.Size(expr)
	if large := (*bound.TooLarge)(nil); errors.As(err, &large) {
		c.errs.add(ErrorTooLarge, at, expr, "is %v", err)
		return nil
	}
	if !c.affords(size, at, expr) {
		return nil
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		c.errs.add(ErrorRegexp, at, expr, "is no regular expression (Go syntax): %v", err)
		return nil
	}
	c.regexps[expr] = re
	return re
}

// affords reports whether something of this size may be compiled, too.
func (c *compiler) affords(size int, at Path, text string) bool {
	before := c.size
	if c.size += size; c.size <= maxSize {
		return true
	}
	if before > maxSize {
		return false // this was said
	}
	c.errs.add(ErrorTooLarge, at, text, "is too large to evaluate: the regular expressions of the configuration have more than %d instructions together", maxSize)
	return false
}

func (c *compiler) query(text string, at Path) *goTemplate {
	if known, ok := c.queries[text]; ok {
		return known
	}
	t, err := parseTemplate("metricsQuery", text)
	if err != nil {
		c.errs.add(ErrorTemplate, at, text, "%v", err)
		return nil
	}
	c.queries[text] = t
	return t
}
