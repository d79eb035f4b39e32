package admission_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/admission"
	"github.com/kong-latency/kong-latency/internal/policy"
	"github.com/kong-latency/kong-latency/test/testutil"
)

func TestDecidePolicy(t *testing.T) {
	selecting := func(key, value string) v1alpha1.LatencyPolicy {
		p := v1alpha1.LatencyPolicy{ObjectMeta: metav1.ObjectMeta{Name: "frame"}}
		p.Spec.WorkloadSelector = &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
		return p
	}
	web, batch, bad := selecting("tier", "web"), selecting("tier", "batch"), selecting("not a key", "x")
	deleting := bad
	deleting.DeletionTimestamp = &metav1.Time{}
	known := func() ([]v1alpha1.LatencyPolicy, []policy.Candidate, string) {
		return nil, []policy.Candidate{{Workload: labels.Set{"tier": "web"}}}, ""
	}
	unknown := func() ([]v1alpha1.LatencyPolicy, []policy.Candidate, string) { return nil, nil, "broken" }
	type outcome struct {
		Refused, Warned []string
		Unknown         string
	}
	tests := map[string]struct {
		before    *v1alpha1.LatencyPolicy
		after     v1alpha1.LatencyPolicy
		neighbors func() ([]v1alpha1.LatencyPolicy, []policy.Candidate, string)
		want      outcome
	}{
		"applies":             {nil, web, known, outcome{}},
		"applies to nothing":  {nil, batch, known, outcome{Warned: []string{"PolicySelectsNothing"}}},
		"by itself":           {nil, batch, nil, outcome{}},
		"what is, is unknown": {nil, batch, unknown, outcome{Unknown: "broken"}},
		"bad":                 {nil, bad, known, outcome{Refused: []string{"PolicySelectorInvalid"}}},
		"changed to bad":      {&web, bad, known, outcome{Refused: []string{"PolicySelectorInvalid"}}},
		"bad from before":     {&bad, bad, known, outcome{Warned: []string{"PolicySelectorInvalid"}}},
		"nothing changed":     {&batch, batch, unknown, outcome{}},
		"bad, and deleted":    {nil, deleting, known, outcome{}},
	}
	for name, tt := range tests {
		d := admission.DecidePolicy(admission.PolicyRequest{
			Change: admission.Change[v1alpha1.LatencyPolicy]{Before: tt.before, After: tt.after}, Neighbors: tt.neighbors,
		})
		got := outcome{testutil.Reasons(d.Refused), testutil.Reasons(d.Warned), d.Unknown}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
