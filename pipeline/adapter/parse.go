package adapter

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
		d    document
		errs Errors
	)
	if err := decode(doc, &d); err != nil {
		errs = append(errs, yamlErrors(doc, err)...)
	}
	c := &Config{resources: r}
	for i, spec := range d.Rules {
		c.rules = append(c.rules, compileRule(i, spec, r, field.NewPath("rules").Index(i), &errs))
	}
	for i, spec := range d.ExternalRules {
		c.external = append(c.external, compileRule(i, spec, r, field.NewPath("externalRules").Index(i), &errs))
	}
	if d.ResourceRules != nil {
		at := field.NewPath("resourceRules")
		compileResourceRule(d.ResourceRules.CPU, r, at.Child("cpu"), &errs)
		compileResourceRule(d.ResourceRules.Memory, r, at.Child("memory"), &errs)
	}
	if len(errs) > 0 {
		return nil, errs
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

func compileRule(i int, spec RuleSpec, r Resources, at *field.Path, errs *Errors) *rule {
	c := &rule{index: i, spec: spec}
	c.selector, c.selectorErr = parseSeriesQuery(spec.SeriesQuery, at.Child("seriesQuery"))
	c.filters = compileFilters(spec.SeriesFilters, at, errs)
	c.mapping = compileMapping(spec.Resources, r, at.Child("resources"), errs)
	c.naming = compileNaming(spec.Name, at.Child("name"), errs)
	c.query = compileQuery(spec.MetricsQuery, at.Child("metricsQuery"), errs)
	return c
}

func compileResourceRule(spec resourceRule, r Resources, at *field.Path, errs *Errors) {
	compileQuery(spec.ContainerQuery, at.Child("containerQuery"), errs)
	compileQuery(spec.NodeQuery, at.Child("nodeQuery"), errs)
	compileMapping(spec.Resources, r, at.Child("resources"), errs)
}

func compileQuery(text string, at *field.Path, errs *Errors) *goTemplate {
	t, err := parseTemplate("metricsQuery", text)
	if err != nil {
		errs.add(ErrorTemplate, at, text, "%v", err)
	}
	return t
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
