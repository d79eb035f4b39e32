package hpa

import (
	"encoding/json"
	"errors"
	"fmt"

	"gomodules.xyz/jsonpatch/v2"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// FormerSpec is the annotation in which an adopted HorizontalPodAutoscaler keeps
// the spec that it had before, as JSON of autoscaling/v2.
const FormerSpec = annotations.Prefix + "former-spec"

// Adopted tells whether the HorizontalPodAutoscaler was somebody's before. It keeps
// its labels and owners, so that it is still theirs in all but its spec.
func Adopted(live *autoscalingv2.HorizontalPodAutoscaler) bool {
	_, ok := live.Annotations[FormerSpec]
	return ok
}

// Ours tells whether the product wrote the HorizontalPodAutoscaler as it is.
func Ours(live *autoscalingv2.HorizontalPodAutoscaler) bool { return MadeByUs(live) || Adopted(live) }

// AdoptPatch is a JSON patch that takes over a live HorizontalPodAutoscaler of
// autoscaling/v2, whole, for the plan: its spec becomes the plan's, and an annotation
// keeps the former. It fails to apply if the object changed in between.
func AdoptPatch(live *unstructured.Unstructured, p plan.Plan) ([]byte, error) {
	former, err := json.Marshal(live.Object["spec"])
	if err != nil {
		return nil, fmt.Errorf("encode the former spec: %w", err)
	}
	ops := []jsonpatch.Operation{unchanged(live.GetResourceVersion())}
	if len(live.GetAnnotations()) == 0 {
		ops = append(ops, jsonpatch.NewOperation("add", "/metadata/annotations", map[string]string{}))
	}
	ops = append(ops,
		jsonpatch.NewOperation("add", formerSpecPath, string(former)),
		jsonpatch.NewOperation("replace", "/spec", generator.HPA(p).Spec))
	return encode(ops)
}

// RespecPatch is a JSON patch that brings an adopted HorizontalPodAutoscaler to the
// plan. It fails to apply if the object changed in between.
func RespecPatch(live *autoscalingv2.HorizontalPodAutoscaler, p plan.Plan) ([]byte, error) {
	return encode([]jsonpatch.Operation{
		unchanged(live.ResourceVersion),
		jsonpatch.NewOperation("replace", "/spec", generator.HPA(p).Spec),
	})
}

// ReturnPatch is a JSON patch that gives an adopted HorizontalPodAutoscaler its
// former spec back. It fails to apply if the object changed in between.
func ReturnPatch(live *autoscalingv2.HorizontalPodAutoscaler) ([]byte, error) {
	var former map[string]any
	if err := json.Unmarshal([]byte(live.Annotations[FormerSpec]), &former); err != nil {
		return nil, fmt.Errorf("decode its annotation %s: %w", FormerSpec, err)
	}
	if len(former) == 0 {
		return nil, errors.New("its annotation " + FormerSpec + " is empty")
	}
	return encode([]jsonpatch.Operation{
		unchanged(live.ResourceVersion),
		jsonpatch.NewOperation("replace", "/spec", former),
		jsonpatch.NewOperation("remove", formerSpecPath, nil),
	})
}

var formerSpecPath = "/metadata/annotations/" + annotations.EscapePointer(FormerSpec)

func unchanged(resourceVersion string) jsonpatch.Operation {
	return jsonpatch.NewOperation("test", "/metadata/resourceVersion", resourceVersion)
}

func encode(ops []jsonpatch.Operation) ([]byte, error) {
	raw, err := json.Marshal(ops)
	if err != nil {
		return nil, fmt.Errorf("encode patch: %w", err)
	}
	return raw, nil
}
