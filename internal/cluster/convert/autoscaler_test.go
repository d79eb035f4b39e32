package convert

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kong-latency/kong-latency/internal/model"
)

func TestAKindOfAnotherGroupIsNotScaledAsADeployment(t *testing.T) {
	for apiVersion, want := range map[string]string{
		"apps/v1": "Deployment", "extensions/v1beta1": "Deployment", "": "Deployment",
		"example.org/v1": "Deployment.example.org", "not/a/version": "Deployment",
	} {
		if got := scaled(apiVersion, "Deployment", "echo").Kind; got != want {
			t.Errorf("%q scales %s, want %s", apiVersion, got, want)
		}
	}
}

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
