package controller

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/metrics"
)

func told(t *testing.T, r *events.FakeRecorder) []string {
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

func TestTellerTellsChangesOnly(t *testing.T) {
	recorder := events.NewFakeRecorder(20)
	tell := newTeller(recorder)
	d := &appsv1.Deployment{}
	d.Namespace, d.Name = "ns", "echo"
	broken := finding.Finding{Reason: "Broken", Severity: finding.Error, Hop: finding.AdapterRule, Message: "it is broken", Fix: "mend it"}
	late := finding.Finding{Reason: "Late", Severity: finding.Warning, Message: "it is late"}
	dark := finding.Finding{Reason: "Dark", Severity: finding.Unknown, Hop: finding.Route, Message: "nobody knows"}
	steps := []struct {
		now  []finding.Finding
		want []string
	}{
		{nil, nil},
		{[]finding.Finding{broken, dark}, []string{"Warning Broken it is broken\nTo mend it: mend it"}},
		{[]finding.Finding{broken, dark}, nil},
		{[]finding.Finding{broken, late}, []string{"Warning Late it is late"}},
		{[]finding.Finding{late}, []string{"Normal Mended Broken is mended"}},
		{nil, nil},
	}
	for i, s := range steps {
		tell.findings(d, s.now)
		if diff := cmp.Diff(s.want, told(t, recorder)); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestWhatCannotBeSeenIsNotMended(t *testing.T) {
	broken := finding.Finding{Reason: "Broken", Severity: finding.Error, Hop: finding.AdapterRule, Message: "it is broken"}
	for name, now := range map[string][]finding.Finding{
		"the hop is unknown":      {{Reason: "Dark", Severity: finding.Unknown, Hop: finding.AdapterRule}},
		"the workload is blocked": {{Reason: "NoService", Severity: finding.Error}},
	} {
		recorder := events.NewFakeRecorder(20)
		tell := newTeller(recorder)
		d := &appsv1.Deployment{}
		tell.findings(d, []finding.Finding{broken})
		tell.findings(d, now)
		for _, e := range told(t, recorder) {
			if strings.Contains(e, mended) {
				t.Errorf("%s: told %q", name, e)
			}
		}
	}
}

func TestFindingsAreCounted(t *testing.T) {
	tell := newTeller(events.NewFakeRecorder(20))
	broken := finding.Finding{Reason: "Broken", Severity: finding.Error, Hop: finding.AdapterRule}
	for _, name := range []string{"a", "b", "gone"} {
		d := &appsv1.Deployment{}
		d.Namespace, d.Name = "ns", name
		tell.findings(d, []finding.Finding{broken, broken})
	}
	tell.forget(deploymentKind, client.ObjectKey{Namespace: "ns", Name: "gone"})
	want := `
# HELP kong_latency_findings ` + metrics.Findings.Help + `
# TYPE kong_latency_findings gauge
kong_latency_findings{hop="adapter-rule",reason="Broken",severity="Error"} 2
`
	if err := testutil.CollectAndCompare(tell, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

func TestNoteFitsIntoAnEvent(t *testing.T) {
	long := strings.Repeat("ü", maxNote)
	for _, f := range []finding.Finding{{Message: "short", Fix: long}, {Message: long}, {Message: "short", Fix: "a: b\n" + long}} {
		if n := note(f); len(n) > maxNote || n == "" {
			t.Errorf("note has %d bytes", len(n))
		}
	}
	if n := note(finding.Finding{Message: "m", Fix: "a: b\nc: d"}); !strings.HasSuffix(n, "apply:\na: b\nc: d") {
		t.Errorf("a fix that fits is not told: %q", n)
	}
}
