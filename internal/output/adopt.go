package output

import (
	"encoding/json"
	"errors"
	"fmt"

	"gomodules.xyz/jsonpatch/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kong-latency/kong-latency/internal/annotations"
)

// The JSON patches of adoption. They replace the whole spec, which server-side apply
// would not: fields that a plan does not name would stay as they were. None of them
// applies to an object that has changed since it was read.

var previousSpecPath = "/metadata/annotations/" + annotations.EscapePointer(PreviousSpec)

// AdoptPatch adopts a live object, which must be complete: its spec becomes that of the
// desired object, and an annotation keeps the previous one.
func AdoptPatch(live, desired *unstructured.Unstructured) ([]byte, error) {
	previous, err := json.Marshal(live.Object["spec"])
	if err != nil {
		return nil, fmt.Errorf("encode the previous spec: %w", err)
	}
	ops := []jsonpatch.Operation{unchanged(live)}
	if len(live.GetAnnotations()) == 0 {
		ops = append(ops, jsonpatch.NewOperation("add", "/metadata/annotations", map[string]string{}))
	}
	return encode(append(ops,
		jsonpatch.NewOperation("add", previousSpecPath, string(previous)),
		replaceSpec(desired.Object["spec"])))
}

// UpdatePatch gives an adopted object the spec of the desired one.
func UpdatePatch(live metav1.Object, desired *unstructured.Unstructured) ([]byte, error) {
	return encode([]jsonpatch.Operation{unchanged(live), replaceSpec(desired.Object["spec"])})
}

// ErrPreviousSpec is the error of RestorePatch about an object whose annotation of its
// previous spec is not usable; only somebody who edits it can change that.
var ErrPreviousSpec = errors.New("annotation " + PreviousSpec + " is not usable")

// RestorePatch gives an adopted object its previous spec. It fails if the object does
// not have it.
func RestorePatch(live metav1.Object) ([]byte, error) {
	var previous map[string]any
	if err := json.Unmarshal([]byte(live.GetAnnotations()[PreviousSpec]), &previous); err != nil {
		return nil, fmt.Errorf("%w: decode it: %w", ErrPreviousSpec, err)
	}
	if len(previous) == 0 {
		return nil, fmt.Errorf("%w: it is empty", ErrPreviousSpec)
	}
	return encode([]jsonpatch.Operation{
		unchanged(live),
		replaceSpec(previous),
		jsonpatch.NewOperation("remove", previousSpecPath, nil),
	})
}

func unchanged(live metav1.Object) jsonpatch.Operation {
	return jsonpatch.NewOperation("test", "/metadata/resourceVersion", live.GetResourceVersion())
}

func replaceSpec(spec any) jsonpatch.Operation {
	return jsonpatch.NewOperation("replace", "/spec", spec)
}

func encode(ops []jsonpatch.Operation) ([]byte, error) {
	raw, err := json.Marshal(ops)
	if err != nil {
		return nil, fmt.Errorf("encode patch: %w", err)
	}
	return raw, nil
}
