package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
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

// source is a kustomization and the value of the chart on which its objects depend.
type source struct{ folder, condition string }

// sources are in order: an object that is equal in two of them belongs to the first.
var sources = []source{
	{"default", ""},
	{certManager, `eq .Values.certs.mode "cert-manager"`},
	{"prometheus", ""}, // each kind has its own value
	{"grafana", ""},    // the same
}

const (
	certManager = "cert-manager"
	// selfSigned is the condition of what the cert-manager variant does not have.
	selfSigned = `ne .Values.certs.mode "cert-manager"`
)

// derive returns the templates derived from the kustomizations in folder, sorted by
// name.
func derive(folder string) ([]file, error) {
	rendered := map[string]map[string]*unstructured.Unstructured{}
	for _, s := range sources {
		objects, err := render(filepath.Join(folder, s.folder))
		if err != nil {
			return nil, err
		}
		rendered[s.folder] = objects
	}
	seen := map[string]bool{}
	texts := map[string]string{}
	for _, s := range sources {
		objects := rendered[s.folder]
		for _, id := range slices.Sorted(maps.Keys(objects)) {
			o, condition := objects[id], s.condition
			if seen[id] {
				continue
			}
			seen[id] = true
			other := rendered[certManager][id]
			if condition == "" && rules[o.GetKind()].byMode && s.folder == "default" && !reflect.DeepEqual(o, other) {
				condition, seen[id] = selfSigned, false
			}
			name, text, err := template(o.DeepCopy(), condition)
			if err != nil {
				return nil, fmt.Errorf("derive a template of %s: %w", id, err)
			}
			if name != "" {
				texts[name] += text
			}
		}
	}
	var files []file
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		files = append(files, file{name, header + texts[name]})
	}
	return files, nil
}

// render builds a kustomization and returns its objects by kind and name.
func render(folder string) (map[string]*unstructured.Unstructured, error) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", folder, err)
	}
	objects := map[string]*unstructured.Unstructured{}
	for _, r := range built.Resources() {
		raw, err := r.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", r.CurId(), err)
		}
		o := &unstructured.Unstructured{}
		if err := o.UnmarshalJSON(raw); err != nil {
			return nil, fmt.Errorf("decode %s: %w", r.CurId(), err)
		}
		objects[o.GetKind()+" "+o.GetName()] = o
	}
	return objects, nil
}

// template makes a template of an object. name is the file that it belongs to; it is
// empty for objects that are not derived.
func template(o *unstructured.Unstructured, condition string) (name, text string, err error) {
	r, ok := rules[o.GetKind()]
	if !ok {
		return "", "", fmt.Errorf("no rule for this kind: add one to the rules of hack/chart")
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

// literal escapes braces that are not for Helm.
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
