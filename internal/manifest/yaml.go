// Package manifest writes objects as YAML that people apply: without what a cluster
// fills in, with keys in a stable order.
package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	yamlv3 "go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// clusterFields are the fields of metadata that a cluster fills in.
var clusterFields = []string{"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"}

// YAML writes objects as documents for `kubectl apply -f`, separated by
// "---", keys sorted. What a cluster fills in is left out, so that an object
// that was read from one can be applied again. An object that cannot be encoded
// becomes a comment that says so, which no object of this program does.
func YAML(objects ...any) string {
	documents := make([]string, 0, len(objects))
	for _, o := range objects {
		documents = append(documents, document(o))
	}
	return strings.Join(documents, "---\n")
}

func document(object any) string {
	fields, err := fieldsOf(object)
	if err != nil {
		return notEncoded(err)
	}
	raw, err := yaml.Marshal(fields)
	if err != nil {
		return notEncoded(err)
	}
	return string(raw)
}

// Unstructured is an object as it is applied: without what a cluster fills in.
func Unstructured(object any) (*unstructured.Unstructured, error) {
	fields, err := fieldsOf(object)
	if err != nil {
		return nil, fmt.Errorf("encode object: %w", err)
	}
	return &unstructured.Unstructured{Object: fields}, nil
}

// fieldsOf are an object's fields without those that a cluster fills in.
func fieldsOf(object any) (map[string]any, error) {
	raw, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, err
	}
	delete(fields, "status")
	if metadata, ok := fields["metadata"].(map[string]any); ok {
		for _, f := range clusterFields {
			delete(metadata, f)
		}
		if annotations, ok := metadata["annotations"].(map[string]any); ok {
			delete(annotations, corev1.LastAppliedConfigAnnotation)
			dropEmpty(metadata, "annotations")
		}
	}
	if fields["kind"] == monitoringv1.ServiceMonitorsKind {
		tidyMonitor(fields)
	}
	return fields, nil
}

// tidyMonitor removes what the Go type writes although nobody has set it. In
// these places, unlike in a selector, {} means the same as nothing.
func tidyMonitor(fields map[string]any) {
	spec, _ := fields["spec"].(map[string]any)
	dropEmpty(spec, "namespaceSelector")
	endpoints, _ := spec["endpoints"].([]any)
	for _, e := range endpoints {
		endpoint, _ := e.(map[string]any)
		tls, _ := endpoint["tlsConfig"].(map[string]any)
		dropEmpty(tls, "ca")
		dropEmpty(tls, "cert")
	}
}

func dropEmpty(fields map[string]any, name string) {
	if inner, ok := fields[name].(map[string]any); ok && len(inner) == 0 {
		delete(fields, name)
	}
}

// Ordered writes value as YAML in the order of its fields, without those that
// are empty: people read a rule from its series to its query.
func Ordered(value any) string {
	var node yamlv3.Node
	if err := node.Encode(value); err != nil {
		return notEncoded(err)
	}
	prune(&node)
	return Encode(&node)
}

// Encode writes a node as YAML, with its comments and its style.
func Encode(n *yamlv3.Node) string {
	var b bytes.Buffer
	encoder := yamlv3.NewEncoder(&b)
	encoder.SetIndent(2)
	encoder.CompactSeqIndent()
	if err := encoder.Encode(n); err != nil {
		return notEncoded(err)
	}
	return b.String()
}

// prune removes empty values from mappings.
func prune(n *yamlv3.Node) {
	for _, child := range n.Content {
		prune(child)
	}
	if n.Kind != yamlv3.MappingNode {
		return
	}
	kept := n.Content[:0]
	for i := 0; i+1 < len(n.Content); i += 2 {
		if !empty(n.Content[i+1]) {
			kept = append(kept, n.Content[i], n.Content[i+1])
		}
	}
	n.Content = kept
}

func empty(n *yamlv3.Node) bool {
	if n.Kind == yamlv3.ScalarNode {
		return n.Tag == "!!null" || n.Value == ""
	}
	return len(n.Content) == 0
}

func notEncoded(err error) string { return fmt.Sprintf("# encode YAML: %v\n", err) }
