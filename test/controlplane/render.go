package controlplane

import (
	"fmt"
	"path/filepath"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Render builds a kustomization, such as "config/default", and returns its
// objects in kustomize's order. A relative folder starts at RepoRoot.
func Render(dir string) ([]*unstructured.Unstructured, error) {
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(RepoRoot(), dir)
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", dir, err)
	}
	var objs []*unstructured.Unstructured
	for _, r := range built.Resources() {
		// Via JSON, because unstructured needs int64 where YAML has int.
		raw, err := r.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", r.CurId(), err)
		}
		obj := &unstructured.Unstructured{}
		if err := obj.UnmarshalJSON(raw); err != nil {
			return nil, fmt.Errorf("decode %s: %w", r.CurId(), err)
		}
		objs = append(objs, obj)
	}
	return objs, nil
}

// Loopback changes webhook configurations among objs, in place, so that an API
// server outside of the cluster network can call them: clientConfig.service
// gives way to clientConfig.url, which is url ("https://127.0.0.1:9443") and
// the service's path. Nothing else changes, nor does any other object.
func Loopback(objs []*unstructured.Unstructured, url string) {
	for _, obj := range objs {
		if obj.GroupVersionKind().Group != "admissionregistration.k8s.io" {
			continue
		}
		switch obj.GetKind() {
		case "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration":
			loopbackWebhooks(obj.Object["webhooks"], url)
		}
	}
}

func loopbackWebhooks(list any, url string) {
	webhooks, _ := list.([]any)
	for _, w := range webhooks {
		webhook, _ := w.(map[string]any)
		config, _ := webhook["clientConfig"].(map[string]any)
		service, ok := config["service"].(map[string]any)
		if !ok {
			continue
		}
		path, _ := service["path"].(string)
		delete(config, "service")
		config["url"] = url + path
	}
}
