package operator

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"

	yaml "go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// The Secret of a Prometheus object in which prometheus-operator keeps the configuration,
// and its key.
const (
	secretPrefix = "prometheus-"
	secretKey    = "prometheus.yaml.gz"
)

// Configuration returns the configuration that prometheus-operator has written into a
// Secret, as the first pod of the Prometheus has it: the reloader in the pod fills in the
// environment.
func Configuration(secret *corev1.Secret) ([]byte, error) {
	packed, ok := secret.Data[secretKey]
	if !ok {
		return nil, fmt.Errorf("read Secret %s: it has no key %s yet", secret.Name, secretKey)
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack Secret %s: %w", secret.Name, err)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		return nil, fmt.Errorf("unpack Secret %s: %w", secret.Name, err)
	}
	for name, value := range map[string]string{"POD_NAME": secret.Name + "-0", "SHARD": "0"} {
		text = bytes.ReplaceAll(text, []byte("$("+name+")"), []byte(value))
	}
	return text, nil
}

// outside is what differs for a Prometheus that runs outside of the cluster.
type outside struct {
	// kubeconfig is the file by which it discovers targets, instead of its service account.
	kubeconfig string
	// addresses are the real ones of pods. The API server refuses endpoints on loopback, so
	// that they are put in place of the discovered ones, as the last of the relabelings.
	addresses map[types.NamespacedName]string
	// more, if set, is a file with further scrape_configs.
	more string
}

// adapt returns a configuration of prometheus-operator with these differences and no other.
func (o outside) adapt(text []byte) ([]byte, error) {
	var config map[string]any
	if err := yaml.Unmarshal(text, &config); err != nil {
		return nil, fmt.Errorf("decode configuration: %w", err)
	}
	jobs, _ := config["scrape_configs"].([]any)
	for _, j := range jobs {
		job, ok := j.(map[string]any)
		if !ok {
			return nil, errors.New("decode configuration: a scrape configuration is no mapping")
		}
		discoveries, _ := job["kubernetes_sd_configs"].([]any)
		for _, d := range discoveries {
			discovery, ok := d.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("decode configuration: a discovery of job %v is no mapping", job["job_name"])
			}
			discovery["kubeconfig_file"] = o.kubeconfig
		}
		relabelings, _ := job["relabel_configs"].([]any)
		job["relabel_configs"] = append(relabelings, o.relabelings()...)
	}
	if o.more != "" {
		config["scrape_config_files"] = []string{o.more}
	}
	out, err := yaml.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("encode configuration: %w", err)
	}
	return out, nil
}

func (o outside) relabelings() []any {
	names := slices.SortedFunc(maps.Keys(o.addresses), func(a, b types.NamespacedName) int {
		return bytes.Compare([]byte(a.String()), []byte(b.String()))
	})
	var out []any
	for _, name := range names {
		out = append(out, map[string]any{
			"source_labels": []string{"__meta_kubernetes_namespace", "__meta_kubernetes_pod_name"},
			"regex":         regexp.QuoteMeta(name.Namespace + ";" + name.Name),
			"target_label":  "__address__",
			"replacement":   o.addresses[name],
		})
	}
	return out
}
