package adapterconfig

import (
	"fmt"
	"time"
)

// Config is a compiled configuration.
type Config struct {
	rules    []*Rule
	external []*Rule
	relist   Errors
}

// Parse reads a configuration as the adapter does when it starts and compiles
// it. Only the first YAML document counts; JSON is YAML. Resources answers
// for the cluster whose adapter reads the document.
//
// The error, if any, is an [Errors] with everything that makes the adapter
// exit, in rules, externalRules and resourceRules alike: one such mistake
// removes all metrics. A bad seriesQuery is not among them, see
// [Config.RelistErrors]; neither is a resources.template that is not executed,
// see [ErrUndecided].
func Parse(doc []byte, r Resources) (*Config, error) {
	var (
		d       document
		compile = newCompiler(r)
	)
	if err := decode(doc, &d); err != nil {
		compile.errs = yamlErrors(doc, err)
	}
	c := &Config{}
	for i, spec := range d.Rules {
		c.rules = append(c.rules, compile.rule("rules", i, spec))
	}
	for i, spec := range d.ExternalRules {
		c.external = append(c.external, compile.rule("externalRules", i, spec))
	}
	if d.ResourceRules != nil {
		at := Path{"resourceRules"}
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

// CheckIntervals compares the adapter's flags --metrics-relist-interval and
// --metrics-max-age (zero means equal to the interval): a shorter age is fatal
// if there are rules.
func (c *Config) CheckIntervals(relist, maxAge time.Duration) error {
	if len(c.rules) == 0 || maxAge == 0 || maxAge >= relist {
		return nil
	}
	return Errors{{Kind: ErrorIntervals, Value: maxAge.String(), Reason: fmt.Sprintf("--metrics-max-age must not be less than --metrics-relist-interval, %s", relist)}}
}

// Rules are the compiled rules, in the order of the document.
func (c *Config) Rules() []*Rule { return c.rules }

// ExternalRules are the compiled externalRules, which serve another API.
func (c *Config) ExternalRules() []*Rule { return c.external }

// Len is the number of rules; with none the adapter does not install the
// custom metrics API.
func (c *Config) Len() int { return len(c.rules) }

// Rule is the i-th of rules, as written.
func (c *Config) Rule(i int) RuleSpec { return c.rules[i].spec }

// RelistErrors are the entries of rules whose seriesQuery Prometheus refuses.
// A single one aborts every relist, so that the adapter serves nothing new,
// and nothing at all after a restart.
func (c *Config) RelistErrors() Errors { return c.relist }
