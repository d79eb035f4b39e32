package convert

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kong-latency/kong-latency/internal/model"
)

func TestAScaledObjectScalesADeploymentIfItNamesNoKind(t *testing.T) {
	u := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"namespace": "ns", "name": "so"},
		"spec":     map[string]any{"scaleTargetRef": map[string]any{"name": "echo"}},
	}}
	a, err := ScaledObject(u)
	want := model.Autoscaler{Kind: model.KindScaledObject, Namespace: "ns", Name: "so", Scales: model.Ref{Kind: "Deployment", Name: "echo"}}
	if diff := cmp.Diff(want, a); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
