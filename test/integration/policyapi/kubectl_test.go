package policyapi

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/test/controlplane"
)

func TestColumns(t *testing.T) {
	o := &v1alpha1.LatencyPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "shown"},
		Spec:       v1alpha1.LatencyPolicySpec{Priority: 7},
	}
	if err := create(t, o); err != nil {
		t.Fatal(err)
	}
	o.Status = v1alpha1.LatencyPolicyStatus{
		Conditions: []metav1.Condition{
			{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: "InForce", LastTransitionTime: metav1.Now()},
			{Type: v1alpha1.ConditionPipelineHealthy, Status: metav1.ConditionFalse, Reason: "AdapterRuleMissing", LastTransitionTime: metav1.Now()},
		},
		Attached: 12, Blocked: 0, Paused: 2,
	}
	if err := admin.Status().Update(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args   []string
		header string
		row    string
	}{
		{[]string{"latencypolicy"}, "NAME PRIORITY ATTACHED BLOCKED PIPELINE AGE", "shown 7 12 0 False"},
		{[]string{"lp", "-o", "wide"}, "NAME PRIORITY ATTACHED BLOCKED PAUSED PIPELINE REASON AGE", "shown 7 12 0 2 False AdapterRuleMissing"},
		// With several kinds in the category kubectl names each.
		{[]string{"kong"}, "NAME PRIORITY ATTACHED BLOCKED PIPELINE AGE", "latencypolicy.kong.latency/shown 7 12 0 False"},
	} {
		lines := strings.Split(strings.TrimSpace(kubectl(t, append([]string{"get"}, tt.args...)...)), "\n")
		var got []string
		for _, line := range lines {
			got = append(got, strings.Join(strings.Fields(line), " "))
		}
		age := regexp.MustCompile(` \d+m?\d*s$`)
		got[len(got)-1] = age.ReplaceAllString(got[len(got)-1], "")
		if diff := cmp.Diff([]string{tt.header, tt.row}, got); diff != "" {
			t.Errorf("kubectl get %s (-want +got):\n%s", strings.Join(tt.args, " "), diff)
		}
	}
}

// TestSamples applies the files of config/samples, and checks that each has comments:
// samples are meant to be read.
func TestSamples(t *testing.T) {
	folder := filepath.Join(controlplane.RepoRoot(), "config", "samples")
	for _, name := range []string{"default", "strict", "autoattach"} {
		file := filepath.Join(folder, "latencypolicy_"+name+".yaml")
		out := kubectl(t, "apply", "--validate=strict", "-f", file)
		if !strings.HasSuffix(out, " created\n") || strings.Contains(out, "Warning") {
			t.Errorf("apply %s: %s", name, out)
		}
		if again := kubectl(t, "apply", "-f", file); !strings.HasSuffix(again, " unchanged\n") {
			t.Errorf("apply %s again: %s", name, again)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), "# ") || strings.Count(string(text), "# ") < 5 {
			t.Errorf("%s has few comments", file)
		}
		kubectl(t, "delete", "-f", file)
	}
	files, err := filepath.Glob(filepath.Join(folder, "latencypolicy_*.yaml"))
	if err != nil || len(files) != 3 {
		t.Errorf("want 3 samples of policies, found %v: %v", files, err)
	}
}
