package adapterconfig

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var (
	services   = schema.GroupResource{Resource: "services"}
	namespaces = schema.GroupResource{Resource: "namespaces"}

	// rootScoped resources do not make a metric a namespaced one.
	rootScoped = map[schema.GroupResource]bool{
		namespaces:                      true,
		{Resource: "nodes"}:             true,
		{Resource: "persistentvolumes"}: true,
	}

	sanitizeGroup = strings.NewReplacer(".", "_", "-", "_")
)

// mapping knows which label carries the name of which resource.
type mapping struct {
	overrides map[string]schema.GroupResource
	labels    map[schema.GroupResource][]string // the inverse; sorted
	template  *goTemplate
	pattern   *regexp.Regexp // nil without a template, or if that is undecided
	undecided error
	groupAt   int
	nameAt    int
	resources Resources
}

func compileMapping(spec ResourcesSpec, r Resources, at *field.Path, errs *Errors) *mapping {
	m := &mapping{
		overrides: map[string]schema.GroupResource{},
		labels:    map[schema.GroupResource][]string{},
		resources: r,
	}
	if spec.Template != "" {
		if err := m.compileTemplate(spec.Template); err != nil {
			errs.add(ErrorTemplate, at.Child("template"), spec.Template, "%v", err)
		}
	}
	for _, label := range slices.Sorted(maps.Keys(spec.Overrides)) {
		o := spec.Overrides[label]
		path := at.Child("overrides").Key(label)
		if o.Resource == "" {
			errs.add(ErrorResource, path.Child("resource"), "", "must name a resource, singular or plural")
			continue
		}
		gvr, _, err := r.ResourceFor(schema.GroupResource{Group: o.Group, Resource: o.Resource})
		if err != nil {
			errs.add(ErrorResource, path, schema.GroupResource{Group: o.Group, Resource: o.Resource}.String(),
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
	pattern, err := regexp.Compile("^" + expr + "$")
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
// the label has the template's form while discovery knows no such resource.
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

// describes reports whether a label of the series carries the name of a gr.
// The error wraps [ErrUndecided].
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
// whether the adapter takes its metric for a namespaced one: any label that is
// not the name of a root-scoped object suffices, mapped or not.
func (m *mapping) ofSeries(s Series) (resources []schema.GroupResource, namespaced bool) {
	for _, label := range slices.Sorted(maps.Keys(s.Labels)) {
		gr, mapped, foreign := m.resource(label)
		if foreign {
			continue
		}
		if mapped {
			resources = append(resources, gr)
		}
		if !rootScoped[gr] {
			namespaced = true
		}
	}
	return resources, namespaced
}

// labelsFor lists the labels that may carry the name of a resource's objects
// in a query. More than one means that the adapter picks any of them, by map
// order, when it starts.
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
	label, err := m.template.execute(schema.GroupResource{Group: sanitizeGroup.Replace(gr.Group), Resource: singular})
	if err != nil {
		return nil, fmt.Errorf("map %s to a label: %w", gr, err)
	}
	if label == "" {
		return nil, fmt.Errorf("map %s to a label: the template makes an empty name", gr)
	}
	return []string{label}, nil
}
