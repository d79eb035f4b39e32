package annotate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/internal/annotations"
)

// Changes holds new values by key; nil removes the key.
type Changes map[string]*string

// Removal returns the change that removes keys, or all of the product's keys.
func Removal(have map[string]string, keys []string, all bool) Changes {
	if all {
		keys = slices.Collect(maps.Keys(annotations.Prefixed(have)))
	}
	out := Changes{}
	for _, key := range keys {
		if _, ok := have[key]; ok {
			out[key] = nil
		}
	}
	return out
}

// effective returns the changes that make a difference.
func (c Changes) effective(have map[string]string) Changes {
	out := Changes{}
	for key, value := range c {
		old, ok := have[key]
		if value == nil && ok || value != nil && (!ok || old != *value) {
			out[key] = value
		}
	}
	return out
}

// check returns what would be wrong with the annotations of an object of kind k after
// the changes. Existing mistakes are errors, too, as admission refuses them; unless
// keys are only removed, which cannot make anything worse.
func (c Changes) check(k annotations.Kind, have map[string]string) error {
	next := maps.Clone(have)
	if next == nil {
		next = map[string]string{}
	}
	removes := true
	for key, value := range c {
		if value == nil {
			delete(next, key)
			continue
		}
		removes = false
		next[key] = *value
	}
	if removes {
		return nil
	}
	var errs []error
	for _, v := range annotations.Parse(k, next).Violations {
		errs = append(errs, v)
	}
	return utilerrors.NewAggregate(errs)
}

// patch returns the changes as a JSON merge patch.
func (c Changes) patch() ([]byte, error) {
	raw, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": c}})
	if err != nil {
		return nil, fmt.Errorf("encode patch: %w", err)
	}
	return raw, nil
}

// diff returns a unified diff of two states of an object as YAML, without the
// metadata that the API server maintains.
func diff(name string, before, after *unstructured.Unstructured) (string, error) {
	var text [2]string
	for i, o := range []*unstructured.Unstructured{before, after} {
		plain := o.DeepCopy()
		for _, f := range []string{"managedFields", "resourceVersion", "generation"} {
			unstructured.RemoveNestedField(plain.Object, "metadata", f)
		}
		raw, err := yaml.Marshal(plain.Object)
		if err != nil {
			return "", fmt.Errorf("encode %s: %w", name, err)
		}
		text[i] = string(raw)
	}
	return difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
		A: lines(text[0]), B: lines(text[1]),
		FromFile: name + " (live)", ToFile: name + " (changed)", Context: 3,
	})
}

// lines returns the lines of a text, each with its line end.
func lines(text string) []string { return slices.Collect(strings.Lines(text)) }

// ShortName is a key without the prefix of the product.
func ShortName(key string) string { return strings.TrimPrefix(key, annotations.Prefix) }
