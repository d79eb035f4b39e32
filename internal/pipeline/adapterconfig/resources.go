package adapterconfig

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kong-latency/kong-latency/internal/pipeline/bound"
)

var namespaces = schema.GroupResource{Resource: "namespaces"}

// RootScoped reports whether a resource does not make a metric a namespaced
// one.
func RootScoped(gr schema.GroupResource) bool {
	return gr.Group == "" && (gr == namespaces || gr.Resource == "nodes" || gr.Resource == "persistentvolumes")
}

// mapping holds which label carries the name of which resource.
type mapping struct {
	overrides map[string]schema.GroupResource
	labels    map[schema.GroupResource][]string // the inverse; sorted
	template  *goTemplate
	// pattern is nil without a template, and for one that is not executed, of
	// which undecided is the reason.
	pattern   *regexp.Regexp
	undecided error
	groupAt   int
	nameAt    int
	resources Resources
}

func (c *compiler) mapping(spec ResourcesSpec, at Path) *mapping {
	m := &mapping{
		overrides: map[string]schema.GroupResource{},
		labels:    map[schema.GroupResource][]string{},
		resources: c.resources,
	}
	if spec.Template != "" {
		var large *bound.TooLarge
		switch err := m.compileTemplate(spec.Template); {
		case errors.As(err, &large):
			c.errs.add(ErrorTooLarge, at.Child("template"), spec.Template, "is %v", large)
		case err != nil:
			c.errs.add(ErrorTemplate, at.Child("template"), spec.Template, "%v", err)
		}
	}
	for _, label := range slices.Sorted(maps.Keys(spec.Overrides)) {
		o := spec.Overrides[label]
		path := at.Child("overrides", label)
		if o.Resource == "" {
			c.errs.add(ErrorResource, path.Child("resource"), "", "must name a resource, singular or plural")
			continue
		}
		gvr, _, err := c.resources.ResourceFor(schema.GroupResource{Group: o.Group, Resource: o.Resource})
		if err != nil {
			c.errs.add(ErrorResource, path, schema.GroupResource{Group: o.Group, Resource: o.Resource}.String(),
				"%v; allowed is the singular or plural name of a resource, without short names, and its API group", err)
			continue
		}
		m.overrides[label] = gvr.GroupResource()
		m.labels[gvr.GroupResource()] = append(m.labels[gvr.GroupResource()], label)
	}
	return m
}

// compileTemplate makes the pattern of label names by executing the template
// on named groups, which is also how the adapter does it.
func (m *mapping) compileTemplate(text string) error {
	t, err := parseTemplate("resources", text)
	if err != nil {
		return err
	}
	expr, err := t.execute(schema.GroupResource{Group: "(?P<group>.+?)", Resource: "(?P<resource>.+?)"})
	if errors.Is(err, ErrUndecided) {
		m.template, m.undecided = t, err
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot be executed: %w; allowed are the fields Group and Resource", err)
	}
	if expr == "" {
		return errors.New("makes an empty label name; it must use <<.Resource>>")
	}
	expr = "^" + expr + "$"
	if _, err := bound.Size(expr); err != nil {
		return fmt.Errorf("makes no pattern of label names: %w", err)
	}
	pattern, err := regexp.Compile(expr)
	if err != nil {
		return fmt.Errorf("makes no pattern of label names: %w", err)
	}
	m.groupAt, m.nameAt = -1, -1
	for i, name := range pattern.SubexpNames() {
		switch name {
		case "group":
			m.groupAt = i
		case "resource":
			m.nameAt = i
		}
	}
	if m.nameAt < 0 {
		return errors.New("does not use the field Resource; it must use <<.Resource>>")
	}
	m.template, m.pattern = t, pattern
	return nil
}

// resource is the resource whose object the label names. foreign reports that
// the label has the template's form but discovery has no such resource.
func (m *mapping) resource(label string) (gr schema.GroupResource, mapped, foreign bool) {
	if gr, ok := m.overrides[label]; ok {
		return gr, true, false
	}
	if m.pattern == nil {
		return gr, false, false
	}
	match := m.pattern.FindStringSubmatch(label)
	if match == nil {
		return gr, false, false
	}
	gr.Resource = match[m.nameAt]
	if m.groupAt >= 0 {
		gr.Group = match[m.groupAt]
	}
	gvr, _, err := m.resources.ResourceFor(gr)
	if err != nil {
		return schema.GroupResource{}, false, true
	}
	return gvr.GroupResource(), true, false
}

// describes reports whether a label of the series carries the name of an
// object of the resource.
func (m *mapping) describes(s Series, gr schema.GroupResource) (bool, error) {
	for _, label := range m.labels[gr] {
		if _, ok := s.Labels[label]; ok {
			return true, nil
		}
	}
	if m.pattern == nil {
		return false, m.undecided
	}
	for label := range s.Labels {
		if found, mapped, _ := m.resource(label); mapped && found == gr {
			return true, nil
		}
	}
	return false, nil
}

// ofSeries lists the resources that a series describes, sorted by label, and
// whether the adapter regards its metric as namespaced: any label that is not
// the name of a root-scoped object suffices, mapped or not.
func (m *mapping) ofSeries(s Series) (resources []schema.GroupResource, namespaced bool) {
	for _, label := range slices.Sorted(maps.Keys(s.Labels)) {
		gr, mapped, foreign := m.resource(label)
		if foreign {
			continue
		}
		if mapped {
			resources = append(resources, gr)
		}
		if !RootScoped(gr) {
			namespaced = true
		}
	}
	return resources, namespaced
}

// labelsFor lists the labels that may carry the name of a resource's objects
// in a query, sorted.
func (m *mapping) labelsFor(gr schema.GroupResource) ([]string, error) {
	if labels := m.labels[gr]; len(labels) > 0 {
		return labels, nil
	}
	if m.template == nil {
		return nil, fmt.Errorf("map %s to a label: the rule has neither an override nor a template for it", gr)
	}
	singular, err := m.resources.Singular(gr.Resource)
	if err != nil {
		return nil, err
	}
	group := strings.NewReplacer(".", "_", "-", "_").Replace(gr.Group)
	label, err := m.template.execute(schema.GroupResource{Group: group, Resource: singular})
	if err != nil {
		return nil, fmt.Errorf("map %s to a label: %w", gr, err)
	}
	if label == "" {
		return nil, fmt.Errorf("map %s to a label: the template makes an empty name", gr)
	}
	return []string{label}, nil
}
