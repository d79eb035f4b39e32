package generator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	yamlv3 "go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// clusterFields are the fields of metadata that a cluster fills in.
var clusterFields = []string{"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"}

// YAML writes objects as documents that `kubectl apply -f` takes, separated by
// "---", keys sorted. What a cluster fills in is left out, so that an object
// that was read from one can be applied again. An object that cannot be encoded
// becomes a comment that says so; ours all can.
func YAML(objects ...any) string {
	documents := make([]string, 0, len(objects))
	for _, o := range objects {
		documents = append(documents, document(o))
	}
	return strings.Join(documents, "---\n")
}

func document(object any) string {
	raw, err := json.Marshal(object)
	if err != nil {
		return notEncoded(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		return notEncoded(err)
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
	if raw, err = yaml.Marshal(fields); err != nil {
		return notEncoded(err)
	}
	return string(raw)
}

// tidyMonitor takes out what the Go type writes although nobody has set it. In
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

// ordered writes value as YAML in the order of its fields, without those that
// are empty: people read a rule from its series to its query.
func ordered(value any) string {
	var node yamlv3.Node
	if err := node.Encode(value); err != nil {
		return notEncoded(err)
	}
	prune(&node)
	var b bytes.Buffer
	encoder := yamlv3.NewEncoder(&b)
	encoder.SetIndent(2)
	encoder.CompactSeqIndent()
	if err := encoder.Encode(&node); err != nil {
		return notEncoded(err)
	}
	return b.String()
}

// prune takes empty values out of mappings.
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
