// Package guide provides the manifests of Kong's guide: all objects of the metric
// pipeline, part by part. Tests and the demo apply them.
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

// Objects of the guide that are referred to.
var (
	// MetricsService is the Service of the operator's metrics.
	MetricsService = types.NamespacedName{Namespace: "kong-system", Name: "kong-operator-metrics"}
	// PrometheusServer is the Prometheus object.
	PrometheusServer = types.NamespacedName{Namespace: "prometheus", Name: "prometheus-kube-prometheus-prometheus"}
	// AdapterConfigMap contains the adapter's configuration under AdapterConfigKey.
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

// Decode reads YAML documents as objects; empty documents are skipped.
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

// AdapterConfig returns the guide's configuration of the adapter.
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

// Apply applies parts, like kubectl with --server-side.
func Apply(ctx context.Context, c client.Client, parts ...string) error {
	return ApplyChanged(ctx, c, nil, parts...)
}

// ApplyChanged calls change with each object before applying it.
func ApplyChanged(ctx context.Context, c client.Client, change func(*unstructured.Unstructured) error, parts ...string) error {
	for _, part := range parts {
		objects, err := Objects(part)
		if err != nil {
			return err
		}
		for _, o := range objects {
			if part == ControlPlane {
				err = SetOwner(ctx, c, o, "kong")
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

// SetOwner makes a Gateway in its namespace the owner of the ControlPlane, like the operator.
func SetOwner(ctx context.Context, c client.Client, o *unstructured.Unstructured, name string) error {
	gateway := &unstructured.Unstructured{}
	gateway.SetAPIVersion("gateway.networking.k8s.io/v1")
	gateway.SetKind("Gateway")
	if err := c.Get(ctx, client.ObjectKey{Namespace: o.GetNamespace(), Name: name}, gateway); err != nil {
		return fmt.Errorf("read the Gateway of the ControlPlane: %w", err)
	}
	return unstructured.SetNestedSlice(o.Object, []any{map[string]any{
		"apiVersion": gateway.GetAPIVersion(), "kind": gateway.GetKind(),
		"name": gateway.GetName(), "uid": string(gateway.GetUID()), "controller": true,
	}}, "metadata", "ownerReferences")
}
