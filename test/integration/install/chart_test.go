package install

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestChartIsConfig: by default the chart gives what config/default gives, but for
// the namespace, which Helm creates, and labels of Helm's. So do its other modes.
func TestChartIsConfig(t *testing.T) {
	for _, tt := range []struct {
		folders []string
		chart   variant
	}{
		{[]string{"config/default"}, templated("as it is")},
		{[]string{"config/all-in-one"}, templated("all in one", "allInOne=true")},
		{[]string{"config/cert-manager"}, templated("with cert-manager", "certs.mode=cert-manager")},
		{[]string{"config/default", "config/prometheus"}, templated("monitored", "serviceMonitor.enabled=true", "prometheusRule.enabled=true")},
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
					t.Errorf("%s is there twice", id(o))
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

// withoutHelm takes away the labels that only Helm gives.
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
