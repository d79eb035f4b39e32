package operator

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Only access, address and further files differ from what the operator has written.
func TestAdapt(t *testing.T) {
	o := outside{
		kubeconfig: "/k",
		addresses:  map[types.NamespacedName]string{{Namespace: "kong-system", Name: "b.0"}: "127.0.0.1:2", {Namespace: "kong-system", Name: "a"}: "127.0.0.1:1"},
		more:       "more.yaml",
	}
	got, err := o.adapt([]byte(`global:
  scrape_interval: 5s
scrape_configs:
- job_name: serviceMonitor/kong-system/m/0
  honor_labels: false
  kubernetes_sd_configs:
  - role: endpoints
    namespaces:
      names:
      - kong-system
  relabel_configs:
  - source_labels:
    - job
    target_label: __tmp_prometheus_job_name
  - target_label: version
    replacement: "1.10"
`))
	if err != nil {
		t.Fatal(err)
	}
	want := `global:
    scrape_interval: 5s
scrape_config_files:
    - more.yaml
scrape_configs:
    - honor_labels: false
      job_name: serviceMonitor/kong-system/m/0
      kubernetes_sd_configs:
        - kubeconfig_file: /k
          namespaces:
            names:
                - kong-system
          role: endpoints
      relabel_configs:
        - source_labels:
            - job
          target_label: __tmp_prometheus_job_name
        - replacement: "1.10"
          target_label: version
        - regex: kong-system;a
          replacement: 127.0.0.1:1
          source_labels:
            - __meta_kubernetes_namespace
            - __meta_kubernetes_pod_name
          target_label: __address__
        - regex: kong-system;b\.0
          replacement: 127.0.0.1:2
          source_labels:
            - __meta_kubernetes_namespace
            - __meta_kubernetes_pod_name
          target_label: __address__
`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("configuration (-want +got):\n%s", d)
	}
}

func TestConfiguration(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte("replica: $(POD_NAME), shard: $(SHARD), replacement: $1\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "prometheus-p"}, Data: map[string][]byte{secretKey: packed.Bytes()}}
	if text, err := Configuration(secret); err != nil || string(text) != "replica: prometheus-p-0, shard: 0, replacement: $1\n" {
		t.Errorf("configuration %q, error %v", text, err)
	}
	secret.Data = nil
	if _, err := Configuration(secret); err == nil || !strings.Contains(err.Error(), "no key") {
		t.Errorf("error %v, want that there is none yet", err)
	}
}
