package adapterconfig

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	promlabels "github.com/prometheus/prometheus/model/labels"
)

// Config is a compiled configuration.
type Config struct {
	rules     []*rule
	external  []*rule
	relist    Errors
	resources Resources
}

// rule is a compiled entry of rules or externalRules.
type rule struct {
	index       int
	spec        RuleSpec
	selector    []*promlabels.Matcher
	selectorErr *Error
	filters     []filter
	naming      naming
	mapping     *mapping
	query       *goTemplate
}

// Parse reads a configuration as the adapter does at its start and compiles
// it. Only the first YAML document counts; JSON is YAML. Resources answers
// for the cluster whose adapter reads the document.
//
// The error, if any, is an [Errors] with everything that makes the adapter
// exit, in rules, externalRules and resourceRules alike: one such mistake takes
// all metrics away. A bad seriesQuery is not among them, see
// [Config.RelistErrors].
func Parse(doc []byte, r Resources) (*Config, error) {
	var (
		d       document
		compile = newCompiler(r)
	)
	if err := decode(doc, &d); err != nil {
		compile.errs = yamlErrors(doc, err)
	}
	c := &Config{resources: r}
	for i, spec := range d.Rules {
		c.rules = append(c.rules, compile.rule(i, spec, field.NewPath("rules").Index(i)))
	}
	for i, spec := range d.ExternalRules {
		c.external = append(c.external, compile.rule(i, spec, field.NewPath("externalRules").Index(i)))
	}
	if d.ResourceRules != nil {
		at := field.NewPath("resourceRules")
		compile.resourceRule(d.ResourceRules.CPU, at.Child("cpu"))
		compile.resourceRule(d.ResourceRules.Memory, at.Child("memory"))
	}
	if len(compile.errs) > 0 {
		return nil, compile.errs
	}
	for _, r := range c.rules {
		if r.selectorErr != nil {
			c.relist = append(c.relist, r.selectorErr)
		}
	}
	return c, nil
}

// CheckIntervals holds the adapter's flags --metrics-relist-interval and
// --metrics-max-age (zero means equal to the interval) against each other: a
// shorter age is fatal where there are rules.
func (c *Config) CheckIntervals(relist, maxAge time.Duration) error {
	if len(c.rules) == 0 || maxAge == 0 || maxAge >= relist {
		return nil
	}
	return Errors{{Kind: ErrorIntervals, Value: maxAge.String(), Reason: fmt.Sprintf("--metrics-max-age must not be less than --metrics-relist-interval, %s", relist)}}
}

// Len is the number of rules; with none the adapter does not install the
// custom metrics API.
func (c *Config) Len() int { return len(c.rules) }

// Rule is the i-th of rules, as written.
func (c *Config) Rule(i int) RuleSpec { return c.rules[i].spec }

// RelistErrors are the entries of rules whose seriesQuery Prometheus refuses.
// A single one aborts every relist, so that the adapter serves nothing new,
// and nothing at all after a restart.
func (c *Config) RelistErrors() Errors { return c.relist }

// SeriesQueries lists the distinct series queries in the order of the rules.
func (c *Config) SeriesQueries() []string {
	var queries []string
	seen := map[string]bool{}
	for _, r := range c.rules {
		if q := r.spec.SeriesQuery; !seen[q] {
			seen[q] = true
			queries = append(queries, q)
		}
	}
	return queries
}

// metric is the name that the rule gives a series, false if it leaves it out.
// The series is taken to match seriesQuery.
func (r *rule) metric(series string) (string, bool) {
	for _, f := range r.filters {
		if !f.accepts(series) {
			return "", false
		}
	}
	return r.naming.metric(series)
}
