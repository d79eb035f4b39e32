package plan_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/test/testutil"
)

func quantity(s string) *resource.Quantity { return ptr.To(resource.MustParse(s)) }

func TestLoadsOfAPlan(t *testing.T) {
	const rate, flight = annotations.RequestsMetric, annotations.ConcurrencyMetric
	learned := plan.Learned{RequestsPerSecondPerPod: quantity("12.5"), ConcurrencyPerPod: quantity("3"), LatencyTarget: quantity("60")}
	for name, tt := range map[string]struct {
		settings []string
		learned  plan.Learned
		want     []string
		target   string
	}{
		"none":                 {[]string{"requests-per-second-per-pod", "off"}, learned, nil, "40"},
		"none with a profile":  {[]string{"behavior", "stable"}, learned, nil, "40"},
		"by default":           {nil, learned, []string{rate + " 12.5 auto"}, "60"},
		"numbers":              {[]string{"concurrency-per-pod", "2.8", "requests-per-second-per-pod", "9"}, learned, []string{rate + " 9", flight + " 2.8"}, "40"},
		"nothing learned yet":  {[]string{"concurrency-per-pod", "auto", "requests-per-second-per-pod", "auto"}, plan.Learned{}, []string{rate + " 1000000 auto", flight + " 1000000 auto"}, "40"},
		"learned":              {[]string{"concurrency-per-pod", "auto", "requests-per-second-per-pod", "auto"}, learned, []string{rate + " 12.5 auto", flight + " 3 auto"}, "60"},
		"one of each":          {[]string{"concurrency-per-pod", "2", "requests-per-second-per-pod", "auto"}, learned, []string{rate + " 12.5 auto", flight + " 2"}, "60"},
		"only the other is":    {[]string{"concurrency-per-pod", "auto"}, plan.Learned{RequestsPerSecondPerPod: quantity("1")}, []string{flight + " 1000000 auto"}, "40"},
		"without another goal": {[]string{"concurrency-per-pod", "auto"}, plan.Learned{ConcurrencyPerPod: quantity("3")}, []string{flight + " 3 auto"}, "40"},
	} {
		t.Run(name, func(t *testing.T) {
			p := testutil.Plan(t, testutil.Settings(tt.settings...))
			p.Learned = tt.learned
			var got []string
			for _, l := range p.Loads() {
				text := l.Metric + " " + annotations.FormatTarget(l.PerPod)
				if l.Auto {
					text += " auto"
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("loads (-want +got):\n%s", diff)
			}
			if target := p.LatencyTarget(); annotations.FormatTarget(target) != tt.target {
				t.Errorf("the target is %s, want %s", &target, tt.target)
			}
		})
	}
}

func TestAPlanNamesItsLoads(t *testing.T) {
	p := testutil.Plan(t, testutil.Settings("concurrency-per-pod", "2.80", "requests-per-second-per-pod", "auto"))
	want := fmt.Sprintf("HPA echo: %s of Service echo at 40 ms, 1-10 replicas, %s learned, %s at 2.8 per pod",
		annotations.DefaultMetric, annotations.RequestsMetric, annotations.ConcurrencyMetric)
	if got := p.String(); got != want {
		t.Errorf("it is %q, want %q", got, want)
	}
}
