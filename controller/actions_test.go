package controller

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/logs"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/output/outputs"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/adapterrule"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/test/testutil"
)

// recorded is a log that keeps its lines as they are encoded.
type recorded struct{ lines []map[string]any }

func (r *recorded) logger(t *testing.T) logr.Logger {
	return funcr.NewJSON(func(line string) {
		var got map[string]any
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		delete(got, "logger")
		delete(got, "level")
		r.lines = append(r.lines, got)
	}, funcr.Options{})
}

// take returns the lines since the last call.
func (r *recorded) take() []map[string]any {
	lines := r.lines
	r.lines = nil
	return lines
}

func reporterWithLog(t *testing.T) (*reporter, *events.FakeRecorder, *recorded) {
	recorder, log := events.NewFakeRecorder(20), &recorded{}
	report := newReporter(recorder)
	report.log = log.logger(t)
	return report, recorder, log
}

func namedDeployment() *appsv1.Deployment {
	d := &appsv1.Deployment{}
	d.Namespace, d.Name = "shop", "cart"
	return d
}

// Every action has one event and one line, which say the same.
func TestActionsAreReported(t *testing.T) {
	settings := testutil.Settings
	p, calm := testutil.Plan(t, settings()), testutil.Plan(t, settings("max-replicas", "20", "target-ms", "60", "behavior", "stable"))
	paused := testutil.Plan(t, settings("paused", "scale-in"))
	stopped := p
	stopped.HoldScaleIn = true
	by := outputs.For(p)
	live := func(settings ...string) output.Object {
		p := testutil.Plan(t, testutil.Settings(settings...))
		h := generator.HPA(p)
		h.OwnerReferences = []metav1.OwnerReference{{Kind: deploymentKind, Name: p.Deployment, UID: types.UID(p.DeploymentUID), Controller: ptr.To(true)}}
		return h
	}
	d := namedDeployment()
	const summary = "HPA echo: kong_upstream_latency_ms_60s_average of Service echo at 40 ms, 1-10 replicas"
	for name, tt := range map[string]struct {
		do           func(*reporter)
		line         logs.Line
		reason, note string
		hpa          string
	}{
		"attached": {func(r *reporter) { r.attached(d, p) }, logs.Attached, "Attached", "attached " + summary, "echo"},
		"updated": {func(r *reporter) { r.updated(d, by, live(), calm) }, logs.Updated, "Updated",
			"updated HPA echo: max replicas 10 to 20, target 40 ms to 60 ms, requests per second per pod not learned yet to none, behavior steady to stable", "echo"},
		"paused":              {func(r *reporter) { r.updated(d, by, live(), paused) }, logs.Paused, "Paused", "paused HPA echo: paused false to scale-in", "echo"},
		"resumed":             {func(r *reporter) { r.updated(d, by, live("paused", "true"), p) }, logs.Resumed, "Resumed", "resumed HPA echo: paused true to false", "echo"},
		"scale-in is stopped": {func(r *reporter) { r.updated(d, by, live(), stopped) }, logs.Paused, "Paused", "paused HPA echo: paused false to scale-in, because no pod is ready", "echo"},
		"adopted":             {func(r *reporter) { r.adopted(d, p) }, logs.Adopted, "Adopted", "adopted " + summary + "; its previous spec is restored on detach", "echo"},
		"detached":            {func(r *reporter) { r.detached(d, "echo") }, logs.Detached, "Detached", "detached HPA echo; the replicas stay as they are", "echo"},
		"restored":            {func(r *reporter) { r.restored(d, client.ObjectKeyFromObject(d), "cpu") }, logs.Restored, "Restored", "restored HPA cpu to its previous spec", "cpu"},
		"restored for a deleted one": {func(r *reporter) { r.restored(nil, client.ObjectKeyFromObject(d), "cpu") }, logs.Restored,
			"", "restored HPA cpu to its previous spec", "cpu"},
	} {
		t.Run(name, func(t *testing.T) {
			report, recorder, log := reporterWithLog(t)
			tt.do(report)
			var wantEvents []string
			reason := tt.reason
			if reason == "" {
				reason = "Restored"
			} else {
				wantEvents = []string{"Normal " + reason + " " + tt.note}
			}
			if diff := cmp.Diff(wantEvents, emitted(t, recorder)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			want := []map[string]any{{"msg": tt.line.Message, "kind": "Deployment", "namespace": "shop", "name": "cart",
				"reason": reason, "autoscaler": tt.hpa, "note": tt.note}}
			if diff := cmp.Diff(want, log.take()); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

// A finding is logged when it appears and when it is resolved, and not in between.
func TestFindingsAreLoggedOnce(t *testing.T) {
	report, _, log := reporterWithLog(t)
	d, s := namedDeployment(), &corev1.Service{}
	s.Namespace, s.Name = "shop", "cart"
	broken := testutil.Finding("Broken", finding.Error, adapterrule.Hop, "it is broken").Suggest("fix it")
	late := testutil.Finding("Late", finding.Error, nil, "it is late")
	dark := testutil.Finding("Dark", finding.Unknown, nil, "nobody knows")
	line := func(message, kind string, f finding.Finding, more ...any) map[string]any {
		out := map[string]any{"msg": message, "kind": kind, "namespace": "shop", "name": "cart", "reason": f.Reason.Name,
			"severity": string(f.Severity), "hop": f.Hop().String()}
		if len(more) > 0 {
			out["blocks"], out["note"] = more[0], more[1]
		}
		return out
	}
	appeared, resolved := logs.FindingAppeared.Message, logs.FindingResolved.Message
	judged := judgement{hops: []*finding.Hop{adapterrule.Hop}}
	for i, step := range []struct {
		of   client.Object
		now  []finding.Finding
		want []map[string]any
	}{
		{d, []finding.Finding{broken, dark}, []map[string]any{line(appeared, "Deployment", broken, false, "it is broken; to fix it: fix it")}},
		{d, []finding.Finding{broken, dark}, nil},
		{s, []finding.Finding{late}, []map[string]any{line(appeared, "Service", late, true, "it is late")}},
		{d, []finding.Finding{broken, late}, []map[string]any{line(appeared, "Deployment", late, true, "it is late")}},
		{d, []finding.Finding{broken}, []map[string]any{line(resolved, "Deployment", late)}},
		{d, nil, []map[string]any{line(resolved, "Deployment", broken)}},
		{d, nil, nil},
	} {
		report.judged(step.of, step.now, judged)
		if diff := cmp.Diff(step.want, log.take()); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
	}
}

// A finding whose event was dropped is reported again, and logged once.
func TestADroppedEventIsLoggedOnce(t *testing.T) {
	log := &recorded{}
	paced := newPacedEvents(events.NewFakeRecorder(0), scheme.Scheme, logr.Discard())
	report := newReporter(paced)
	report.log = log.logger(t)
	d := namedDeployment()
	for range maxEvents {
		paced.Eventf(d, nil, "Normal", "Reason", "Action", "note")
	}
	broken := []finding.Finding{testutil.Finding("Broken", finding.Error, adapterrule.Hop, "it is broken")}
	for range 2 {
		if report.findings(d, broken) {
			t.Error("a dropped event counts as sent")
		}
	}
	report.judged(d, nil, judgement{hops: []*finding.Hop{adapterrule.Hop}})
	var messages []any
	for _, l := range log.take() {
		messages = append(messages, l["msg"])
	}
	if diff := cmp.Diff([]any{logs.FindingAppeared.Message, logs.FindingResolved.Message}, messages); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// Neither events nor lines are longer than the API lets the note of an event be.
func TestReportsAreBounded(t *testing.T) {
	report, recorder, log := reporterWithLog(t)
	long := strings.Repeat("x", 2*render.MaxNote)
	p := testutil.Plan(t, testutil.Settings())
	p.Metric, p.Service = long, long
	report.attached(namedDeployment(), p)
	report.updated(namedDeployment(), outputs.For(p), generator.HPA(testutil.Plan(t, map[string]string{annotations.TargetMS: "50"})), p)
	report.findings(namedDeployment(), []finding.Finding{testutil.Finding("Broken", finding.Error, nil, long)})
	prefix := len("Warning Attached ")
	for _, e := range emitted(t, recorder) {
		if len(e) > render.MaxNote+prefix {
			t.Errorf("an event has %d bytes", len(e))
		}
	}
	for _, l := range log.take() {
		if note := l["note"].(string); len(note) > render.MaxNote {
			t.Errorf("the note of a line has %d bytes", len(note))
		}
	}
}

// TestWhatIsLearnedIsNoEvent emits none for a value that was learned, and one if anything else
// changes with it.
func TestWhatIsLearnedIsNoEvent(t *testing.T) {
	learned := func(load string, settings ...string) plan.Plan {
		p := testutil.Plan(t, testutil.Settings(append([]string{"requests-per-second-per-pod", "auto"}, settings...)...))
		p.Learned = plan.Learned{RequestsPerSecondPerPod: ptr.To(resource.MustParse(load)), LatencyTarget: ptr.To(resource.MustParse("60"))}
		return p
	}
	live := generator.HPA(learned("100"))
	live.OwnerReferences = []metav1.OwnerReference{{Kind: deploymentKind, Name: "echo", UID: types.UID(learned("100").DeploymentUID), Controller: ptr.To(true)}}
	report, recorder, _ := reporterWithLog(t)
	report.updated(namedDeployment(), outputs.For(learned("120")), live, learned("120"))
	if got := emitted(t, recorder); len(got) > 0 {
		t.Errorf("events %v for a load that was learned", got)
	}
	report.updated(namedDeployment(), outputs.For(learned("120")), live, learned("120", "max-replicas", "20"))
	if got := emitted(t, recorder); len(got) != 1 {
		t.Errorf("events %v for another maximum, want one", got)
	}
}
