package controller

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	promtest "github.com/prometheus/client_golang/prometheus/testutil"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/metrics"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/adapterrule"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/route"
	"github.com/kong-latency/kong-latency/internal/policy"
	"github.com/kong-latency/kong-latency/test/testutil"
)

func emitted(t *testing.T, r *events.FakeRecorder) []string {
	t.Helper()
	var out []string
	for {
		select {
		case e := <-r.Events:
			out = append(out, e)
		default:
			return out
		}
	}
}

func TestChangesAreReportedOnce(t *testing.T) {
	recorder := events.NewFakeRecorder(20)
	report := newReporter(recorder)
	d := &appsv1.Deployment{}
	d.Namespace, d.Name = "ns", "echo"
	broken := testutil.Finding("Broken", finding.Error, adapterrule.Hop, "it is broken").Suggest("fix it")
	late := testutil.Finding("Late", finding.Warning, nil, "it is late")
	dark := testutil.Finding("Dark", finding.Unknown, route.Hop, "nobody knows")
	steps := []struct {
		now  []finding.Finding
		want []string
	}{
		{nil, nil},
		{[]finding.Finding{broken, dark}, []string{"Warning Broken it is broken; to fix it: fix it"}},
		{[]finding.Finding{broken, dark}, nil},
		{[]finding.Finding{broken, late}, []string{"Warning Late it is late"}},
		{[]finding.Finding{late}, []string{"Normal Resolved Broken is resolved"}},
		{nil, nil},
	}
	for i, s := range steps {
		report.judged(d, s.now, judgement{hops: []*finding.Hop{adapterrule.Hop}})
		if diff := cmp.Diff(s.want, emitted(t, recorder)); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
	}
}

// Not judged is not resolved, and what is seen again afterwards is not new.
func TestWhatCannotBeSeenIsNeitherResolvedNorNew(t *testing.T) {
	broken := testutil.Finding("Broken", finding.Error, adapterrule.Hop, "it is broken")
	clamped := testutil.Finding("Clamped", finding.Warning, nil, "it is too much")
	all := judgement{hops: []*finding.Hop{adapterrule.Hop, route.Hop}}
	unknown := policy.PolicyUnknown.On(finding.Object{}, "")
	for name, now := range map[string][]finding.Finding{
		"the hop is unknown":        {testutil.Finding("Dark", finding.Unknown, adapterrule.Hop, ""), clamped},
		"another hop hides it":      {testutil.Finding("Dark", finding.Unknown, route.Hop, ""), clamped},
		"the workload is blocked":   {testutil.Finding("NoService", finding.Error, nil, ""), clamped},
		"the policies are unknown":  {unknown},
		"nothing could be found at": {clamped},
	} {
		t.Run(name, func(t *testing.T) {
			recorder := events.NewFakeRecorder(20)
			report := newReporter(recorder)
			d := &appsv1.Deployment{}
			report.judged(d, []finding.Finding{broken, clamped}, all)
			if got := emitted(t, recorder); len(got) != 2 {
				t.Fatalf("emitted %q at first", got)
			}
			for range 2 {
				report.findings(d, now)
			}
			if name != "the policies are unknown" { // the hop is judged by less than before
				report.judged(d, []finding.Finding{clamped}, judgement{hops: all.hops, unread: 1})
			}
			report.judged(d, []finding.Finding{broken, clamped}, all)
			for _, e := range emitted(t, recorder) {
				if !strings.Contains(e, "NoService") {
					t.Errorf("emitted %q", e)
				}
			}
			report.judged(d, nil, all)
			if got := emitted(t, recorder); !slices.Equal(got, []string{"Normal Resolved Broken is resolved"}) {
				t.Errorf("emitted %q once it was resolved", got)
			}
			if len(report.reported) != 0 {
				t.Errorf("remembers %v", report.reported)
			}
		})
	}
}

func TestFindingsAreCounted(t *testing.T) {
	report := newReporter(events.NewFakeRecorder(20))
	broken := testutil.Finding("Broken", finding.Error, adapterrule.Hop, "")
	for _, name := range []string{"a", "b", "gone"} {
		d := &appsv1.Deployment{}
		d.Namespace, d.Name = "ns", name
		report.findings(d, []finding.Finding{broken, broken})
	}
	report.forget(deploymentKind, client.ObjectKey{Namespace: "ns", Name: "gone"})
	want := `
# HELP kong_latency_findings ` + metrics.Findings.Help + `
# TYPE kong_latency_findings gauge
kong_latency_findings{hop="adapter-rule",reason="Broken",severity="Error"} 2
`
	if err := promtest.CollectAndCompare(report, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}
