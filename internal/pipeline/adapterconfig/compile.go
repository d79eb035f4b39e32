package adapterconfig

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	promlabels "github.com/prometheus/prometheus/model/labels"
)

// compiler compiles the parts of rules and collects what is wrong. What is good
// is compiled once for all rules that have it: the rules of a large
// configuration are much alike.
type compiler struct {
	resources Resources
	errs      Errors

	selectors map[string][]*promlabels.Matcher
	regexps   map[string]*regexp.Regexp
	queries   map[string]*goTemplate
	mappings  map[string]*mapping
}

func newCompiler(r Resources) *compiler {
	return &compiler{
		resources: r,
		selectors: map[string][]*promlabels.Matcher{},
		regexps:   map[string]*regexp.Regexp{},
		queries:   map[string]*goTemplate{},
		mappings:  map[string]*mapping{},
	}
}

func (c *compiler) rule(i int, spec RuleSpec, at *field.Path) *rule {
	r := &rule{index: i, spec: spec}
	r.selector, r.selectorErr = c.selector(spec.SeriesQuery, at.Child("seriesQuery"))
	r.filters = c.filters(spec.SeriesFilters, at)
	r.mapping = c.mapping(spec.Resources, at.Child("resources"))
	r.naming = c.naming(spec.Name, at.Child("name"))
	r.query = c.query(spec.MetricsQuery, at.Child("metricsQuery"))
	return r
}

func (c *compiler) resourceRule(spec resourceRule, at *field.Path) {
	c.query(spec.ContainerQuery, at.Child("containerQuery"))
	c.query(spec.NodeQuery, at.Child("nodeQuery"))
	c.mapping(spec.Resources, at.Child("resources"))
}

func (c *compiler) selector(text string, at *field.Path) ([]*promlabels.Matcher, *Error) {
	if known, ok := c.selectors[text]; ok {
		return known, nil
	}
	matchers, err := parseSeriesQuery(text, at)
	if err == nil {
		c.selectors[text] = matchers
	}
	return matchers, err
}

func (c *compiler) regexp(expr string, at *field.Path) *regexp.Regexp {
	if known, ok := c.regexps[expr]; ok {
		return known
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		c.errs.add(ErrorRegexp, at, expr, "is no regular expression (Go syntax): %v", err)
		return nil
	}
	c.regexps[expr] = re
	return re
}

func (c *compiler) query(text string, at *field.Path) *goTemplate {
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

func (c *compiler) mapping(spec ResourcesSpec, at *field.Path) *mapping {
	var key strings.Builder
	fmt.Fprintf(&key, "%q", spec.Template)
	for _, label := range slices.Sorted(maps.Keys(spec.Overrides)) {
		fmt.Fprintf(&key, " %q %q", label, spec.Overrides[label])
	}
	if known, ok := c.mappings[key.String()]; ok {
		return known
	}
	before := len(c.errs)
	m := compileMapping(spec, c.resources, at, &c.errs)
	if len(c.errs) == before {
		c.mappings[key.String()] = m
	}
	return m
}
