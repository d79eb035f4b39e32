package lint

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/cluster/files"
	"github.com/kong-latency/kong-latency/internal/cluster/files/manifests"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// written finds annotations that are wrong whatever their meaning: numbers that YAML
// does not read as text, keys that are set more than once, and keys where nothing reads
// them. The API server refuses some of it without a word about latency, and accepts the
// rest in silence.
func written(objects []manifests.Object) []render.Located {
	var out []render.Located
	for _, o := range objects {
		_, readable := annotated(o)
		switch {
		case readable:
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
	return located(annotations.InvalidAnnotation.On(files.Name(o), format, args...), at)
}

func path(key string) []string { return []string{"metadata", "annotations", key} }

func keysOf(all map[string]string) []string {
	return slices.Sorted(maps.Keys(annotations.Prefixed(all)))
}

func notText(o manifests.Object) []render.Located {
	var out []render.Located
	for _, key := range keysOf(o.GetAnnotations()) {
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
	for _, key := range keysOf(o.GetAnnotations()) {
		for _, at := range o.Repeated(path(key)...) {
			r := misplaced(o, at, "metadata.annotations[%s]: is set more than once", key)
			r.Finding = r.Suggest("Remove all but one of them.")
			out = append(out, r)
		}
	}
	return out
}

// onTemplate finds annotations of the product on the pods of a Deployment.
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
		r := misplaced(o, at, "%s[%s]: is on the pods, where nothing reads it", strings.Join(template, "."), key)
		r.Finding = r.Suggest("Move it to metadata.annotations of the %s itself.", o.GetKind())
		out = append(out, r)
	}
	return out
}

func onOtherKind(o manifests.Object) []render.Located {
	var out []render.Located
	for _, key := range keysOf(o.GetAnnotations()) {
		at, _ := o.Position(path(key)...)
		r := misplaced(o, at, "metadata.annotations[%s]: must be on a Deployment of apps/v1 or a Service of v1; nothing reads it on a %s of %s",
			key, o.GetKind(), o.GetAPIVersion())
		r.Finding = r.Suggest("%s", instead(o))
		out = append(out, r)
	}
	return out
}

// instead is what to do with an annotation on an object of another kind.
func instead(o manifests.Object) string {
	if o.GetKind() == "Deployment" {
		return "Write the Deployment as apps/v1: Kubernetes serves no other version since 1.16."
	}
	return "Remove it: only Deployments are autoscaled, by the annotation on the Deployment or on the Service before it."
}

// asLabel finds keys of the product among labels. Only one is a label, of a namespace.
func asLabel(o manifests.Object) []render.Located {
	var out []render.Located
	for _, key := range keysOf(o.GetLabels()) {
		at, _ := o.Position("metadata", "labels", key)
		switch {
		case !files.Is(o, "", "Namespace"):
			out = append(out, misplaced(o, at, "metadata.labels[%s]: is a label, and must be an annotation", key))
		case key != policy.AutoAttachLabel:
			out = append(out, misplaced(o, at, "metadata.labels[%s]: is unknown; the only label of kong-latency is %s", key, policy.AutoAttachLabel))
		case o.GetLabels()[key] != policy.AutoAttachEnabled:
			out = append(out, misplaced(o, at, "metadata.labels[%s]: Invalid value: %q: must be %s; anything else has no effect",
				key, o.GetLabels()[key], policy.AutoAttachEnabled))
		}
	}
	return out
}
