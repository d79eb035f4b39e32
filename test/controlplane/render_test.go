package controlplane_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kong-latency/kong-latency/test/controlplane"
)

const webhookFolder = "test/controlplane/testdata/webhook"

func render(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	objs, err := controlplane.Render(webhookFolder)
	if err != nil {
		t.Fatal(err)
	}
	return objs
}

func TestRender(t *testing.T) {
	var got []string
	for _, obj := range render(t) {
		got = append(got, obj.GetKind()+" "+obj.GetNamespace()+"/"+obj.GetName())
	}
	want := []string{
		"Service system/kong-latency-webhook",
		"MutatingWebhookConfiguration /kong-latency-mutate",
		"ValidatingWebhookConfiguration /kong-latency-validate",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("objects (-want +got):\n", diff)
	}
}

func TestRenderNamesTheFolder(t *testing.T) {
	_, err := controlplane.Render("test/controlplane/testdata/absent")
	if err == nil || !strings.Contains(err.Error(), "testdata/absent") {
		t.Errorf("error = %v, want one that names the folder", err)
	}
}

func TestLoopback(t *testing.T) {
	want := render(t)
	setClient(want[1], 0, map[string]any{"caBundle": "Q0E=", "url": "https://127.0.0.1:9443/mutate-deployments"})
	setClient(want[2], 0, map[string]any{"url": "https://127.0.0.1:9443"})

	got := render(t)
	controlplane.Loopback(got, "https://127.0.0.1:9443")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("objects (-want +got):\n", diff)
	}
}

func TestLoopbackLeavesOtherObjects(t *testing.T) {
	var odd map[string]any
	err := json.Unmarshal([]byte(`{
		"apiVersion": "example.com/v1", "kind": "MutatingWebhookConfiguration",
		"webhooks": [{"clientConfig": {"service": {"path": "/x"}}}]}`), &odd)
	if err != nil {
		t.Fatal(err)
	}
	objs := []*unstructured.Unstructured{
		{Object: odd},
		{Object: map[string]any{
			"apiVersion": "admissionregistration.k8s.io/v1",
			"kind":       "ValidatingWebhookConfiguration",
			"webhooks":   []any{"not an object", map[string]any{"name": "no client"}},
		}},
	}
	want := []*unstructured.Unstructured{objs[0].DeepCopy(), objs[1].DeepCopy()}
	controlplane.Loopback(objs, "https://127.0.0.1:9443")
	if diff := cmp.Diff(want, objs); diff != "" {
		t.Error("objects (-want +got):\n", diff)
	}
}

func setClient(obj *unstructured.Unstructured, i int, config map[string]any) {
	obj.Object["webhooks"].([]any)[i].(map[string]any)["clientConfig"] = config
}
