package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// namespace is where config puts everything.
const namespace = "kong-latency-system"

// Expressions of the chart.
const (
	releaseNamespace  = "{{ .Release.Namespace }}"
	controllerAccount = `{{ include "kong-latency.controllerAccount" . }}`
)

// blocks are parts of templates that fill whole lines. A placeholder represents each
// until the object is encoded as text.
type blocks struct {
	texts []string
	// condition is an additional condition on the whole object, besides those of its kind
	// and source.
	condition string
}

// add returns the placeholder of a block. It has to be the only value of a key, or
// an entry of a list; the block's lines go under the key, or replace the entry.
func (b *blocks) add(lines ...string) string {
	b.texts = append(b.texts, strings.Join(lines, "\n"))
	return fmt.Sprintf("@block-%d@", len(b.texts)-1)
}

// instead returns the placeholder of a block that replaces its key, too.
func (b *blocks) instead(lines ...string) string {
	return b.add(lines...) + whole
}

// whole marks placeholders that include their key.
const whole = "whole"

// fill replaces placeholders by their blocks, with the same indentation.
func (b *blocks) fill(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		before, number, found := strings.Cut(line, "'@block-")
		if !found {
			out.WriteString(line)
			continue
		}
		var i int
		if _, err := fmt.Sscanf(number, "%d@", &i); err != nil || i >= len(b.texts) {
			out.WriteString(line)
			continue
		}
		indent := before[:len(before)-len(strings.TrimLeft(before, " "))]
		if key := strings.TrimSpace(before); key != "-" && !strings.Contains(number, whole) {
			out.WriteString(indent + key + "\n")
			indent += "  "
		}
		for l := range strings.Lines(b.texts[i]) {
			out.WriteString(indent + strings.TrimSuffix(l, "\n") + "\n")
		}
	}
	return out.String()
}

// common changes what every object has: namespaces become the release's, and
// labels those of the chart.
func (b *blocks) common(o *unstructured.Unstructured) error {
	o.Object, _ = renamed(o.Object).(map[string]any)
	metadata, ok := o.Object["metadata"].(map[string]any)
	if !ok {
		return errors.New("no metadata")
	}
	lines := []string{`{{- include "kong-latency.labels" . | nindent 4 }}`}
	if component := o.GetLabels()["app.kubernetes.io/component"]; component != "" {
		lines = append(lines, "app.kubernetes.io/component: "+component)
	}
	for _, key := range slices.Sorted(maps.Keys(o.GetLabels())) {
		if strings.HasPrefix(key, "rbac.authorization.k8s.io/") { // what a role is aggregated to
			lines = append(lines, fmt.Sprintf("%s: %q", key, o.GetLabels()[key]))
		}
	}
	metadata["labels"] = b.add(lines...)
	return nil
}

// renamed replaces the namespace of config by the release's, also within names.
func renamed(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, namespace, releaseNamespace)
	case []any:
		for i := range v {
			v[i] = renamed(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = renamed(v[k])
		}
	}
	return v
}

// field returns the object or list at a path, which must exist.
func field[T any](o map[string]any, path ...string) (T, error) {
	var zero T
	value, found, err := unstructured.NestedFieldNoCopy(o, path...)
	if err != nil {
		return zero, err
	}
	out, ok := value.(T)
	if !found || !ok {
		return zero, fmt.Errorf("%s has an unexpected type", strings.Join(path, "."))
	}
	return out, nil
}
