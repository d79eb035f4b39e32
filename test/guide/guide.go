// Package guide is the cluster of Kong's guide as manifests: everything on the
// metric's way that is an object, part by part. Tests and the demo apply it.
package guide

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

//go:embed *.yaml
var files embed.FS

// The parts, in the order in which they are applied.
const (
	Operator     = "operator"
	Gateway      = "gateway"
	ControlPlane = "controlplane"
	Extension    = "extension"
	Prometheus   = "prometheus"
	Monitor      = "monitor"
	Adapter      = "adapter"
)

// Objects of the guide that others must find.
var (
	// MetricsService is that of the operator's metrics. Its target labels are these.
	MetricsService = types.NamespacedName{Namespace: "kong-system", Name: "kong-operator-metrics"}
	// PrometheusServer is the Prometheus object.
	PrometheusServer = types.NamespacedName{Namespace: "prometheus", Name: "prometheus-kube-prometheus-prometheus"}
	// AdapterConfigMap holds the adapter's configuration under AdapterConfigKey.
	AdapterConfigMap = types.NamespacedName{Namespace: "prometheus", Name: "prometheus-adapter"}
)

// AdapterConfigKey is the file name of the adapter's configuration.
const AdapterConfigKey = "config.yaml"

// Parts lists every part.
func Parts() []string {
	return []string{Operator, Gateway, ControlPlane, Extension, Prometheus, Monitor, Adapter}
}

// Objects returns the objects of one part.
func Objects(part string) ([]*unstructured.Unstructured, error) {
	raw, err := files.ReadFile(part + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("read part %s of the guide: %w", part, err)
	}
	return Decode(raw)
}

// Decode reads YAML documents as objects; empty documents are passed over.
func Decode(raw []byte) ([]*unstructured.Unstructured, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(raw), 4096)
	var out []*unstructured.Unstructured
	for {
		o := &unstructured.Unstructured{}
		switch err := decoder.Decode(&o.Object); {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, fmt.Errorf("decode manifest: %w", err)
		case len(o.Object) > 0:
			out = append(out, o)
		}
	}
}

// AdapterConfig returns the adapter's configuration of the guide.
func AdapterConfig() (string, error) {
	objects, err := Objects(Adapter)
	if err != nil {
		return "", err
	}
	for _, o := range objects {
		if o.GetKind() != "ConfigMap" || o.GetName() != AdapterConfigMap.Name {
			continue
		}
		text, ok, err := unstructured.NestedString(o.Object, "data", AdapterConfigKey)
		if err != nil {
			return "", fmt.Errorf("read ConfigMap %s: %w", o.GetName(), err)
		}
		if ok {
			return text, nil
		}
	}
	return "", fmt.Errorf("read part %s of the guide: no key %s in ConfigMap %s", Adapter, AdapterConfigKey, AdapterConfigMap.Name)
}

// Apply applies parts, as kubectl would with --server-side.
func Apply(ctx context.Context, c client.Client, parts ...string) error {
	return ApplyChanged(ctx, c, nil, parts...)
}

// ApplyChanged is Apply with objects changed before: change is called with each.
func ApplyChanged(ctx context.Context, c client.Client, change func(*unstructured.Unstructured) error, parts ...string) error {
	for _, part := range parts {
		objects, err := Objects(part)
		if err != nil {
			return err
		}
		for _, o := range objects {
			if part == ControlPlane {
				err = own(ctx, c, o)
			}
			if err == nil && change != nil {
				err = change(o)
			}
			if err == nil {
				err = c.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("kubectl"), client.ForceOwnership)
			}
			if err != nil {
				return fmt.Errorf("apply %s %s: %w", o.GetKind(), o.GetName(), err)
			}
		}
	}
	return nil
}

// own has the Gateway own the ControlPlane, as the operator would.
func own(ctx context.Context, c client.Client, o *unstructured.Unstructured) error {
	gateway := &unstructured.Unstructured{}
	gateway.SetAPIVersion("gateway.networking.k8s.io/v1")
	gateway.SetKind("Gateway")
	if err := c.Get(ctx, client.ObjectKey{Namespace: o.GetNamespace(), Name: "kong"}, gateway); err != nil {
		return fmt.Errorf("read the Gateway of the ControlPlane: %w", err)
	}
	return unstructured.SetNestedSlice(o.Object, []any{map[string]any{
		"apiVersion": gateway.GetAPIVersion(), "kind": gateway.GetKind(),
		"name": gateway.GetName(), "uid": string(gateway.GetUID()), "controller": true,
	}}, "metadata", "ownerReferences")
}
