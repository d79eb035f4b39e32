package status_test

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/prometheus"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/internal/status"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// written is the LatencyAutoscaler of a Deployment with the UID u-x.
func written(s v1alpha1.LatencyAutoscalerStatus) *v1alpha1.LatencyAutoscaler {
	return &v1alpha1.LatencyAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "echo", OwnerReferences: []metav1.OwnerReference{
			{APIVersion: "apps/v1", Kind: "Deployment", Name: "echo", UID: "u-x", Controller: ptr.To(true)},
		}},
		Status: s,
	}
}

// What a status says of a plan reads as the plan itself does.
func TestAReportHasThePlan(t *testing.T) {
	for name, settings := range map[string][]string{
		"plain":    nil,
		"all":      {"target-ms", "0.5", "min-replicas", "3", "max-replicas", "30", "metric", "other"},
		"paused":   {"paused", "true"},
		"one way":  {"paused", "scale-in"},
		"with CPU": {"cpu-utilization", "70"},
		"loads":    {"requests-per-second-per-pod", "auto", "concurrency-per-pod", "2.80", "target-ms", "50", "statistic", "p95"},
	} {
		f := facts(t, pipelinetest.Good(), "32", settings...)
		r := status.ReportOf(written(status.Of(f, noon)), "u-x")
		if got, want := r.Plan.String(), f.Plan.String(); got != want {
			t.Errorf("%s: the report has\n%s, the plan was\n%s", name, got, want)
		}
		if r.Plan.EnabledBy != f.Plan.EnabledBy || r.Plan.PolicyName != f.Plan.PolicyName {
			t.Errorf("%s: enabled by %s, policy %q", name, r.Plan.EnabledBy, r.Plan.PolicyName)
		}
		if !r.Observed.Time.Equal(noon) {
			t.Errorf("%s: observed at %s", name, r.Observed)
		}
	}
}

func TestAReportIsOfOneDeployment(t *testing.T) {
	la := written(status.Of(facts(t, pipelinetest.Good(), "32"), noon))
	if status.ReportOf(la, "u-y") != nil {
		t.Error("it is taken for a report of a Deployment with the name of an earlier one")
	}
	la.OwnerReferences = nil
	if status.ReportOf(la, "") != nil {
		t.Error("it is taken for a report without an owner")
	}
	la = written(v1alpha1.LatencyAutoscalerStatus{Plan: &v1alpha1.AutoscalerPlan{TargetMilliseconds: "soon"}})
	if r := status.ReportOf(la, "u-x"); r.Plan != nil || !r.Observed.IsZero() {
		t.Errorf("an invalid plan is %v", r.Plan)
	}
}

func TestWhatCountsInstead(t *testing.T) {
	on := finding.Object{Kind: "Service", Name: "x"}
	const monitor, behind = "service-monitor", "prometheus"
	unread := status.Reading{Hop: monitor, Findings: []finding.Finding{servicemonitor.Unknown.On(on, "forbidden")}}
	broken := status.Reading{Hop: monitor, Findings: []finding.Finding{servicemonitor.NotFound.On(on, "none")}}
	works := status.Reading{Hop: monitor}
	unjudged := status.Reading{Hop: behind, Unjudged: "it depends on the ServiceMonitor"}
	unreadBehind := status.Reading{Hop: behind, Findings: []finding.Finding{prometheus.Unknown.On(on, "forbidden")}}
	known := v1alpha1.LatencyAutoscalerStatus{Pipeline: []v1alpha1.HopStatus{
		{Hop: monitor, State: v1alpha1.HopBroken}, {Hop: behind, State: v1alpha1.HopProven}, {Hop: "series", State: v1alpha1.HopUnknown},
	}}
	for name, tt := range map[string]struct {
		readings []status.Reading
		want     []string
	}{
		"nothing is read":                      {[]status.Reading{unread, unjudged}, []string{monitor, behind}},
		"what is read stays":                   {[]status.Reading{works, unreadBehind}, []string{behind}},
		"what is broken stays":                 {[]status.Reading{broken, unreadBehind}, []string{behind}},
		"what depends on what is broken stays": {[]status.Reading{broken, unjudged}, nil},
		"the controller does not know either":  {[]status.Reading{{Hop: "series", Unjudged: "forbidden"}}, nil},
		"the controller says nothing":          {[]status.Reading{{Hop: "route", Unjudged: "forbidden"}}, nil},
		"a part is not read": {[]status.Reading{{Hop: monitor, Findings: append(slices.Clone(unread.Findings), finding.Finding{Severity: finding.Warning})}},
			[]string{monitor}},
	} {
		t.Run(name, func(t *testing.T) {
			got := status.ReportOf(written(known), "u-x").Instead(nil, tt.readings)
			if len(got) != len(tt.want) {
				t.Fatalf("got %v, want %v", got, tt.want)
			}
			for _, hop := range tt.want {
				if got[hop].Hop != hop {
					t.Errorf("got %v for %s", got[hop], hop)
				}
			}
		})
	}
	if got := (*status.Report)(nil).Instead(nil, []status.Reading{unread}); len(got) != 0 {
		t.Errorf("no report says %v", got)
	}
}

// What the controller reported of another metric than the one that was read does not count.
func TestAReportIsOfOneMetric(t *testing.T) {
	broken := pipelinetest.Good()
	broken.ServiceMonitors.Items = nil
	r := status.ReportOf(written(status.Of(facts(t, broken, ""), noon)), "u-x")
	readings := []status.Reading{{Hop: "service-monitor", Unjudged: "forbidden"}}
	subject := pipelinetest.Subject
	if got := r.Instead(&subject, readings); len(got) != 1 {
		t.Errorf("of the same metric: %v", got)
	}
	for _, change := range []*string{&subject.Service, &subject.Metric} {
		before := *change
		*change = "other"
		if got := r.Instead(&subject, readings); len(got) != 0 {
			t.Errorf("of %+v: %v", subject, got)
		}
		*change = before
	}
}

func TestStateOfAReading(t *testing.T) {
	of := func(severities ...finding.Severity) v1alpha1.HopState {
		r := status.Reading{Unjudged: "of no consequence beside findings"}
		for _, s := range severities {
			r.Findings = append(r.Findings, finding.Finding{Severity: s})
		}
		return r.State()
	}
	for _, tc := range []struct{ got, want v1alpha1.HopState }{
		{status.Reading{}.State(), v1alpha1.HopProven},
		{of(), v1alpha1.HopUnknown},
		{of(finding.Warning), v1alpha1.HopWarning},
		{of(finding.Warning, finding.Unknown), v1alpha1.HopUnknown},
		{of(finding.Unknown, finding.Error), v1alpha1.HopBroken},
	} {
		if tc.got != tc.want {
			t.Errorf("got %s, want %s", tc.got, tc.want)
		}
	}
}
