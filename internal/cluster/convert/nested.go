package convert

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// nested reads single fields of an object whose type is not at hand. A field that
// is absent is empty; one of another type than expected is an error.
type nested struct {
	object map[string]any
	errs   *[]error
}

func nestedOf(u *unstructured.Unstructured) nested { return nested{u.Object, &[]error{}} }

func (n nested) err() error { return errors.Join(*n.errs...) }

func (n nested) failed(err error) {
	if err != nil {
		*n.errs = append(*n.errs, err)
	}
}

func (n nested) text(path ...string) string {
	s, _, err := unstructured.NestedString(n.object, path...)
	n.failed(err)
	return s
}

func (n nested) flag(path ...string) bool {
	b, _, err := unstructured.NestedBool(n.object, path...)
	n.failed(err)
	return b
}

func (n nested) number(path ...string) int64 {
	i, _, err := unstructured.NestedInt64(n.object, path...)
	n.failed(err)
	return i
}

// texts is a map of texts, such as labels. To the API, null is an empty text.
func (n nested) texts(path ...string) map[string]string {
	var out map[string]string
	for k, v := range n.inside(path...) {
		text, ok := v.(string)
		if !ok && v != nil {
			n.failed(fmt.Errorf("%v has a %T, not a text", path, v))
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[k] = text
	}
	return out
}

// inside is an object inside; nil if it is absent.
func (n nested) inside(path ...string) map[string]any {
	v, found, err := unstructured.NestedFieldNoCopy(n.object, path...)
	n.failed(err)
	if !found || v == nil {
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		n.failed(fmt.Errorf("%v is a %T, not an object", path, v))
	}
	return m
}

func (n nested) present(path ...string) bool {
	v, found, err := unstructured.NestedFieldNoCopy(n.object, path...)
	n.failed(err)
	return found && v != nil
}

func (n nested) list(path ...string) []nested {
	v, found, err := unstructured.NestedFieldNoCopy(n.object, path...)
	n.failed(err)
	if !found || v == nil {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		n.failed(fmt.Errorf("%v is a %T, not a list", path, v))
		return nil
	}
	out := make([]nested, 0, len(list))
	for _, item := range list {
		object, ok := item.(map[string]any)
		if !ok {
			n.failed(fmt.Errorf("%v has a %T, not an object", path, item))
			continue
		}
		out = append(out, nested{object, n.errs})
	}
	return out
}

// extensions is spec.extensions.
func (n nested) extensions() []pipeline.ExtensionRef {
	var out []pipeline.ExtensionRef
	for _, ref := range n.list("spec", "extensions") {
		out = append(out, pipeline.ExtensionRef{
			Group: ref.text("group"), Kind: ref.text("kind"), Name: ref.text("name"), Namespace: ref.text("namespace"),
		})
	}
	return out
}

// condition returns the status and the message of a condition, empty if it is absent.
func (n nested) condition(kind string) (status, message string) {
	for _, c := range n.list("status", "conditions") {
		if c.text("type") == kind {
			return c.text("status"), c.text("message")
		}
	}
	return "", ""
}
