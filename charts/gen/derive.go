package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// file is one template of the chart.
type file struct{ name, text string }

const header = "{{- /* Derived from config by make generate. Do not edit. */}}\n"

// source is a kustomization and the value of the chart on which its objects, other
// than those of the sources before it, depend.
type source struct{ folder, condition string }

var sources = []source{
	{"default", ""},
	{"prometheus", ""}, // each kind has its own value
}

// derive returns the templates that are made of the kustomizations in folder,
// sorted by name.
func derive(folder string) ([]file, error) {
	seen := map[string]bool{}
	texts := map[string]*strings.Builder{}
	for _, s := range sources {
		objects, err := render(filepath.Join(folder, s.folder))
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			id := o.GetKind() + " " + o.GetName()
			if seen[id] {
				continue
			}
			seen[id] = true
			name, text, err := template(o, s.condition)
			if err != nil {
				return nil, fmt.Errorf("derive a template of %s: %w", id, err)
			}
			if name == "" {
				continue
			}
			if texts[name] == nil {
				texts[name] = &strings.Builder{}
				texts[name].WriteString(header)
			}
			texts[name].WriteString(text)
		}
	}
	var files []file
	for name, text := range texts {
		files = append(files, file{name, text.String()})
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return files, nil
}

// render builds a kustomization.
func render(folder string) ([]*unstructured.Unstructured, error) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", folder, err)
	}
	var objects []*unstructured.Unstructured
	for _, r := range built.Resources() {
		raw, err := r.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", r.CurId(), err)
		}
		o := &unstructured.Unstructured{}
		if err := o.UnmarshalJSON(raw); err != nil {
			return nil, fmt.Errorf("decode %s: %w", r.CurId(), err)
		}
		objects = append(objects, o)
	}
	return objects, nil
}

// template makes a template of an object. name is that of the file it belongs
// into; it is empty for what is not derived.
func template(o *unstructured.Unstructured, condition string) (name, text string, err error) {
	r, ok := rules[o.GetKind()]
	if !ok {
		return "", "", fmt.Errorf("no rule for this kind: add one to the rules of charts/gen")
	}
	if r.file == "" {
		return "", "", nil
	}
	b := &blocks{}
	o.Object, _ = literal(o.Object).(map[string]any)
	if err := b.common(o); err != nil {
		return "", "", err
	}
	if r.change != nil {
		if err := r.change(o, b); err != nil {
			return "", "", err
		}
	}
	raw, err := yaml.Marshal(o.Object)
	if err != nil {
		return "", "", fmt.Errorf("encode: %w", err)
	}
	text = "---\n" + b.fill(string(raw))
	for _, c := range []string{r.condition, condition, b.condition} {
		if c != "" {
			text = "{{- if " + c + " }}\n" + text + "{{- end }}\n"
		}
	}
	return r.file, text, nil
}

// literal keeps Helm from taking braces in our texts for its own.
func literal(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "{{", `{{ "{{" }}`)
	case []any:
		for i := range v {
			v[i] = literal(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = literal(v[k])
		}
	}
	return v
}
