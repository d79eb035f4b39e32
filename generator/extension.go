package generator

import "k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

// MetricsExtension is the DataPlaneMetricsExtension that configures Kong Operator to
// measure the latency of services. It must be in the namespace of the
// ControlPlane, as the Services are, and be referred to from there or from its
// GatewayConfiguration.
func MetricsExtension(namespace, name string, services ...string) *unstructured.Unstructured {
	names := make([]any, 0, len(services))
	for _, s := range services {
		names = append(names, map[string]any{"name": s})
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "gateway-operator.konghq.com/v1alpha1",
		"kind":       "DataPlaneMetricsExtension",
		"metadata":   map[string]any{"namespace": namespace, "name": name},
		"spec": map[string]any{
			"serviceSelector": map[string]any{"matchNames": names},
			"config":          map[string]any{"latency": true},
		},
	}}
}
