package prometheus

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestMonitorLabelsAreFew(t *testing.T) {
	for name, tt := range map[string]struct {
		by   metav1.LabelSelector
		have map[string]string
		want map[string]string
	}{
		"none":     {},
		"kept":     {have: map[string]string{"a": "b"}, want: map[string]string{"a": "b"}},
		"labels":   {by: metav1.LabelSelector{MatchLabels: map[string]string{"release": "x"}}, want: map[string]string{"release": "x"}},
		"In":       {by: expressions(in("a", "z", "y"), in("a", "z")), want: map[string]string{"a": "z"}},
		"In fits":  {by: expressions(in("a", "x", "y")), have: map[string]string{"a": "y"}, want: map[string]string{"a": "y"}},
		"Exists":   {by: expressions(metav1.LabelSelectorRequirement{Key: "a", Operator: metav1.LabelSelectorOpExists}), want: map[string]string{"a": "true"}},
		"both":     {by: expressions(metav1.LabelSelectorRequirement{Key: "a", Operator: metav1.LabelSelectorOpExists}, in("a", "y")), want: map[string]string{"a": "y"}},
		"unwanted": {by: expressions(metav1.LabelSelectorRequirement{Key: "a", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"b"}}), have: map[string]string{"a": "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := LabelsFor(&tt.by, tt.have)
			if diff := cmp.Diff(tt.want, got); diff != "" || !ok {
				t.Errorf("ok %v (-want +got):\n%s", ok, diff)
			}
		})
	}
}

func in(key string, values ...string) metav1.LabelSelectorRequirement {
	return metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpIn, Values: values}
}

func expressions(list ...metav1.LabelSelectorRequirement) metav1.LabelSelector {
	return metav1.LabelSelector{MatchExpressions: list}
}
