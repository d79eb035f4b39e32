package install

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestChartIsConfig checks that by default the chart renders the objects of
// config/default, except the namespace, which Helm creates, and Helm's labels, and
// that its other modes correspond to the other variants.
func TestChartIsConfig(t *testing.T) {
	for _, tt := range []struct {
		folders []string
		chart   variant
	}{
		{[]string{"config/default"}, templated("as it is")},
		{[]string{"config/all-in-one"}, templated("all in one", "allInOne=true")},
		{[]string{"config/cert-manager"}, templated("with cert-manager", "certs.mode=cert-manager")},
		{
			[]string{"config/default", "config/prometheus", "config/grafana"},
			templated("monitored", "serviceMonitor.enabled=true", "prometheusRule.enabled=true", "grafanaDashboard.enabled=true"),
		},
	} {
		t.Run(strings.Join(tt.folders, " "), func(t *testing.T) {
			want := map[string]any{}
			for _, folder := range tt.folders {
				for _, o := range decode(t, kubectl(t, "kustomize", folder)) {
					if o.GetKind() != "Namespace" {
						want[id(o)] = o.Object
					}
				}
			}
			got := map[string]any{}
			for _, o := range decode(t, tt.chart.render(t)) {
				if got[id(o)] != nil {
					t.Errorf("%s is rendered more than once", id(o))
				}
				withoutHelm(o)
				got[id(o)] = o.Object
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("config (-) and the chart (+) differ:\n%s", d)
			}
		})
	}
}

func id(o *unstructured.Unstructured) string {
	return strings.Join([]string{o.GroupVersionKind().String(), o.GetNamespace(), o.GetName()}, " ")
}

// withoutHelm removes the labels that only Helm sets.
func withoutHelm(o *unstructured.Unstructured) {
	labels := o.GetLabels()
	for key := range labels {
		if slices.Contains([]string{
			"app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "app.kubernetes.io/version", "helm.sh/chart",
		}, key) {
			delete(labels, key)
		}
	}
	o.SetLabels(labels)
}
