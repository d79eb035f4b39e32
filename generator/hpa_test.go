package generator

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/manifest"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/test/testutil"
)

func asMap(t *testing.T, v any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// The profile responsive is that of the page that is automated, field for field.
func TestResponsiveGivesTheSeed(t *testing.T) {
	raw, err := os.ReadFile("testdata/seed.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var seed map[string]any
	if err := yaml.UnmarshalStrict(raw, &seed); err != nil {
		t.Fatal(err)
	}
	got := asMap(t, HPA(testutil.Plan(t, testutil.Settings("behavior", "responsive"))))
	delete(got, "status")
	// The label marks a managed autoscaler; the page has none.
	meta := got["metadata"].(map[string]any)
	if diff := cmp.Diff(map[string]any{ManagedByLabel: ManagedBy}, meta["labels"]); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	delete(meta, "labels")
	if diff := cmp.Diff(seed, got); diff != "" {
		t.Errorf("HorizontalPodAutoscaler (-seed +got):\n%s", diff)
	}
}

func TestEverySettingReachesTheHPA(t *testing.T) {
	spec := HPA(testutil.Plan(t, map[string]string{
		annotations.TargetMS: "0.5", annotations.MinReplicas: "2", annotations.MaxReplicas: "20",
		annotations.Metric: "latency_p99", annotations.Behavior: "stable", annotations.CPUUtilization: "70",
	})).Spec
	if *spec.MinReplicas != 2 || spec.MaxReplicas != 20 {
		t.Errorf("bounds are %d and %d, want 2 and 20", *spec.MinReplicas, spec.MaxReplicas)
	}
	if len(spec.Metrics) != 2 {
		t.Fatalf("metrics are %v, want latency and CPU", spec.Metrics)
	}
	latency := spec.Metrics[0].Object
	if latency.Metric.Name != "latency_p99" || latency.Target.Value.String() != "500m" || latency.Target.AverageValue != nil {
		t.Errorf("latency metric is %+v", latency)
	}
	cpu := spec.Metrics[1].Resource
	if cpu.Name != "cpu" || *cpu.Target.AverageUtilization != 70 {
		t.Errorf("CPU metric is %+v", cpu)
	}
	if w := *spec.Behavior.ScaleDown.StabilizationWindowSeconds; w != 300 {
		t.Errorf("the stable profile waits %d s before scaling in, want 300", w)
	}
}

func TestLoadMetricsBetweenLatencyAndCPU(t *testing.T) {
	for file, learned := range map[string]plan.Learned{
		"hpa-load-observed.yaml": {},
		"hpa-load-learned.yaml": {
			RequestsPerSecondPerPod: ptr.To(resource.MustParse("12.5")), ConcurrencyPerPod: ptr.To(resource.MustParse("99")),
			LatencyTarget: ptr.To(resource.MustParse("60")),
		},
	} {
		p := testutil.Plan(t, map[string]string{
			annotations.TargetMS: "40", annotations.RequestsPerSecondPerPod: "auto", annotations.ConcurrencyPerPod: "2.8",
			annotations.CPUUtilization: "70", annotations.Behavior: "steady",
		})
		p.Learned = learned
		want, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), manifest.YAML(HPA(p))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}
