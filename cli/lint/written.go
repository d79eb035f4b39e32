package lint

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kong-latency/kong-latency/cli/manifests"
	"github.com/kong-latency/kong-latency/cli/offline"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// written finds annotations that are good or bad whatever their meaning: numbers
// that YAML does not take for text, keys that stand twice, and keys that stand
// where nothing reads them. The API server refuses some of it without a word about
// latency, and takes the rest in silence.
func written(objects []manifests.Object) []render.Located {
	var out []render.Located
	for _, o := range objects {
		_, ours := annotated(o)
		switch {
		case ours:
			out = append(out, notText(o)...)
			out = append(out, repeated(o)...)
			out = append(out, onTemplate(o)...)
		case o.GetKind() == "HorizontalPodAutoscaler":
			continue // those are written by the product
		default:
			out = append(out, onOtherKind(o)...)
		}
		out = append(out, asLabel(o)...)
	}
	return out
}

// misplaced is a result about one key on one line.
func misplaced(o manifests.Object, at manifests.Position, format string, args ...any) render.Located {
	return located(annotations.InvalidAnnotation.On(offline.Name(o), format, args...), at)
}

func path(key string) []string { return []string{"metadata", "annotations", key} }

func oursOf(all map[string]string) []string {
	return slices.Sorted(maps.Keys(annotations.Prefixed(all)))
}

func notText(o manifests.Object) []render.Located {
	var out []render.Located
	for _, key := range oursOf(o.GetAnnotations()) {
		value, text, found := o.Scalar(path(key)...)
		if !found || text {
			continue
		}
		at, _ := o.Position(path(key)...)
		r := misplaced(o, at, "metadata.annotations[%s]: %s must be text, and to YAML it is a number or a boolean", key, value)
		r.Finding = r.Suggest("Put it in quotes: %s: %q", key, value)
		out = append(out, r)
	}
	return out
}

func repeated(o manifests.Object) []render.Located {
	var out []render.Located
	for _, key := range oursOf(o.GetAnnotations()) {
		for _, at := range o.Repeated(path(key)...) {
			r := misplaced(o, at, "metadata.annotations[%s]: stands more than once, and must stand once", key)
			r.Finding = r.Suggest("Remove all but one of them.")
			out = append(out, r)
		}
	}
	return out
}

// onTemplate finds our annotations on the pods of a Deployment.
func onTemplate(o manifests.Object) []render.Located {
	template := []string{"spec", "template", "metadata", "annotations"}
	found, _, err := unstructured.NestedMap(o.Object, template...)
	if err != nil {
		return nil
	}
	var out []render.Located
	for _, key := range slices.Sorted(maps.Keys(found)) {
		if !strings.HasPrefix(key, annotations.Prefix) {
			continue
		}
		at, _ := o.Position(append(slices.Clone(template), key)...)
		r := misplaced(o, at, "%s[%s]: stands on the pods, where nothing reads it", strings.Join(template, "."), key)
		r.Finding = r.Suggest("Move it to metadata.annotations of the %s itself.", o.GetKind())
		out = append(out, r)
	}
	return out
}

func onOtherKind(o manifests.Object) []render.Located {
	var out []render.Located
	for _, key := range oursOf(o.GetAnnotations()) {
		at, _ := o.Position(path(key)...)
		out = append(out, misplaced(o, at, "metadata.annotations[%s]: must stand on a Deployment or a Service; nothing reads it on a %s", key, o.GetKind()))
	}
	return out
}

// asLabel finds our keys among labels. Only one is a label, of a namespace.
func asLabel(o manifests.Object) []render.Located {
	var out []render.Located
	for _, key := range oursOf(o.GetLabels()) {
		at, _ := o.Position("metadata", "labels", key)
		switch {
		case !offline.Is(o, "", "Namespace"):
			out = append(out, misplaced(o, at, "metadata.labels[%s]: is a label, and must be an annotation", key))
		case key != policy.AutoAttachLabel:
			out = append(out, misplaced(o, at, "metadata.labels[%s]: is unknown; the only label of ours is %s", key, policy.AutoAttachLabel))
		case o.GetLabels()[key] != policy.AutoAttachEnabled:
			out = append(out, misplaced(o, at, "metadata.labels[%s]: Invalid value: %q: must be %s; anything else has no effect",
				key, o.GetLabels()[key], policy.AutoAttachEnabled))
		}
	}
	return out
}
