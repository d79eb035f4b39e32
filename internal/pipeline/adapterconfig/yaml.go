package adapterconfig

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v2"
	yamlv3 "go.yaml.in/yaml/v3"
)

// decode is strict, by the library whose rules the adapter follows: mis-cased,
// unknown and duplicate keys are errors, further documents are not read. As
// malformed input has made such libraries panic before, a panic is an error.
func decode(doc []byte, into *document) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("decode YAML: %v", p)
		}
	}()
	return yaml.UnmarshalStrict(doc, into)
}

// yamlErrors finds the places that made [decode] fail. Whether the document is
// good is never decided here.
func yamlErrors(doc []byte, failure error) Errors {
	var found Errors
	if root := nodes(doc); root != nil {
		documentShape.check(root, nil, &found)
	}
	if len(found) > 0 {
		return found
	}
	var typeErr *yaml.TypeError
	if !errors.As(failure, &typeErr) {
		found.add(ErrorYAML, nil, "", "is no YAML of the adapter's configuration: %v", failure)
		return found
	}
	for _, line := range typeErr.Errors {
		found.add(ErrorYAML, nil, "", "%s", line)
	}
	return found
}

// nodes returns the first document as a tree with positions, nil if it is no YAML.
func nodes(doc []byte) (root *yamlv3.Node) {
	defer func() {
		if recover() != nil {
			root = nil
		}
	}()
	var n yamlv3.Node
	if err := yamlv3.Unmarshal(doc, &n); err != nil || len(n.Content) == 0 {
		return nil
	}
	return n.Content[0]
}

// shape is what may stand at a place of the document.
type shape struct {
	what   string            // for people
	fields map[string]*shape // of a mapping with fixed keys
	values *shape            // of a mapping with any keys
	items  *shape            // of a list
	accept func(string) bool // of a scalar; nil accepts all
}

var (
	textShape = &shape{what: "a string"}
	boolShape = &shape{what: "true or false", accept: isBool}
	timeShape = &shape{what: "a duration such as 5m", accept: isDuration}

	resourcesShape = &shape{what: "a mapping", fields: map[string]*shape{
		"template":   textShape,
		"namespaced": boolShape,
		"overrides": {what: "a mapping of label names", values: &shape{what: "a mapping", fields: map[string]*shape{
			"group": textShape, "resource": textShape,
		}}},
	}}
	ruleShape = &shape{what: "a mapping", fields: map[string]*shape{
		"seriesQuery":   textShape,
		"metricsQuery":  textShape,
		"resources":     resourcesShape,
		"name":          {what: "a mapping", fields: map[string]*shape{"matches": textShape, "as": textShape}},
		"seriesFilters": {what: "a list", items: &shape{what: "a mapping", fields: map[string]*shape{"is": textShape, "isNot": textShape}}},
	}}
	resourceRuleShape = &shape{what: "a mapping", fields: map[string]*shape{
		"containerQuery": textShape, "nodeQuery": textShape, "resources": resourcesShape, "containerLabel": textShape,
	}}
	documentShape = &shape{what: "a mapping", fields: map[string]*shape{
		"rules":         {what: "a list of rules", items: ruleShape},
		"externalRules": {what: "a list of rules", items: ruleShape},
		"resourceRules": {what: "a mapping", fields: map[string]*shape{
			"cpu": resourceRuleShape, "memory": resourceRuleShape, "window": timeShape,
		}},
	}}
)

// isCollection reports whether what stands below has no fixed keys.
func (s *shape) isCollection() bool { return s != nil && (s.items != nil || s.values != nil) }

// child is the shape of what stands at a key or index, nil if nothing may.
func (s *shape) child(step string) *shape {
	switch {
	case s == nil:
		return nil
	case s.items != nil:
		return s.items
	case s.values != nil:
		return s.values
	default:
		return s.fields[step]
	}
}

func isDuration(s string) bool {
	_, err := model.ParseDuration(s)
	return err == nil
}

// isBool knows the words of YAML 1.1.
func isBool(s string) bool {
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "y", "n":
		return true
	}
	return false
}

func (s *shape) check(n *yamlv3.Node, at Path, errs *Errors) {
	isNull := n.Kind == yamlv3.ScalarNode && n.Tag == "!!null"
	switch {
	case n.Kind == yamlv3.AliasNode || isNull:
	case s.fields != nil || s.values != nil:
		if n.Kind != yamlv3.MappingNode {
			s.refuse(n, at, errs)
			return
		}
		s.checkMapping(n, at, errs)
	case s.items != nil:
		if n.Kind != yamlv3.SequenceNode {
			s.refuse(n, at, errs)
			return
		}
		for i, item := range n.Content {
			s.items.check(item, at.Index(i), errs)
		}
	case n.Kind != yamlv3.ScalarNode || (s.accept != nil && !s.accept(n.Value)):
		s.refuse(n, at, errs)
	}
}

func (s *shape) checkMapping(n *yamlv3.Node, at Path, errs *Errors) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Tag == "!!merge" || key.Kind != yamlv3.ScalarNode {
			continue
		}
		path := at.Child(key.Value)
		if seen[key.Value] {
			errs.add(ErrorYAML, path, "", "is set more than once (line %d)", key.Line)
			continue
		}
		seen[key.Value] = true
		inner := s.child(key.Value)
		if inner == nil {
			errs.add(ErrorYAML, path, "", "is unknown (line %d); allowed are %s", key.Line, strings.Join(slices.Sorted(maps.Keys(s.fields)), ", "))
			continue
		}
		inner.check(value, path, errs)
	}
}

func (s *shape) refuse(n *yamlv3.Node, at Path, errs *Errors) {
	is := map[yamlv3.Kind]string{yamlv3.MappingNode: "a mapping", yamlv3.SequenceNode: "a list"}[n.Kind]
	value := ""
	if is == "" {
		is, value = "a single value", n.Value
	}
	errs.add(ErrorYAML, at, value, "is %s (line %d) where %s is needed", is, n.Line, s.what)
}
