package controller

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/adapterrule"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/route"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
	"github.com/kong-latency/kong-latency/test/testutil"
)

var (
	badSettings = testutil.Finding("Bad", finding.Error, nil, "it is bad").Suggest("fix it")
	noRule      = testutil.Finding("NoRule", finding.Error, adapterrule.Hop, "no rule").Suggest("add one")
	noMonitor   = testutil.Finding("NoMonitor", finding.Error, servicemonitor.Hop, "no monitor")
	lateScrape  = testutil.Finding("Late", finding.Warning, servicemonitor.Hop, "it is late")
	darkRoute   = testutil.Finding("Dark", finding.Unknown, route.Hop, "not checked")
)

func planned(change ...func(*plan.Plan)) plan.Resolution {
	p := &plan.Plan{Enforcement: policy.Enforcement{}}
	p.PolicyName, p.Paused = "frame", annotations.PauseNone
	for _, c := range change {
		c(p)
	}
	return plan.Resolution{Enabled: true, PolicyName: p.PolicyName, Plan: p}
}

func TestOutcomeOf(t *testing.T) {
	pause := func(m annotations.PauseMode) func(*plan.Plan) {
		return func(p *plan.Plan) { p.Paused = m }
	}
	short := func(f finding.Finding) *finding.Finding { return withoutFix(f) }
	asked := plan.Resolution{Enabled: true, PolicyName: "frame"}
	tests := map[string]struct {
		resolution plan.Resolution
		findings   []finding.Finding
		want       outcome
	}{
		"attached":         {planned(), nil, outcome{entry: &entry{policy: "frame"}}},
		"nothing set":      {planned(pause("")), nil, outcome{entry: &entry{policy: "frame"}}},
		"paused":           {planned(pause(annotations.PauseAll)), nil, outcome{entry: &entry{policy: "frame", paused: true}}},
		"paused one way":   {planned(pause(annotations.PauseScaleIn)), nil, outcome{entry: &entry{policy: "frame", paused: true}}},
		"no policy":        {plan.Resolution{Enabled: true, Plan: &plan.Plan{}}, []finding.Finding{noRule}, outcome{entry: &entry{pipeline: short(noRule)}}},
		"blocked":          {asked, []finding.Finding{badSettings, darkRoute}, outcome{entry: &entry{policy: "frame", blocked: short(badSettings)}}},
		"name taken":       {planned(), []finding.Finding{lateScrape, badSettings, noRule}, outcome{entry: &entry{policy: "frame", blocked: short(badSettings)}}},
		"held":             {plan.Resolution{Retained: true, PolicyName: "frame"}, []finding.Finding{badSettings}, outcome{entry: &entry{policy: "frame", blocked: short(badSettings)}}},
		"policy not known": {plan.Resolution{Enabled: true}, []finding.Finding{{Reason: policy.PolicyUnknown, Severity: finding.Unknown}}, unchanged},
		"pipeline by hop":  {planned(), []finding.Finding{noRule, darkRoute, noMonitor}, outcome{entry: &entry{policy: "frame", pipeline: short(noMonitor)}}},
		"pipeline unknown": {planned(), []finding.Finding{lateScrape, darkRoute}, outcome{entry: &entry{policy: "frame", pipeline: short(darkRoute)}}},
		"only a warning":   {planned(), []finding.Finding{lateScrape}, outcome{entry: &entry{policy: "frame"}}},
		"ignored hop": {planned(func(p *plan.Plan) { p.Enforcement = policy.Enforcement{adapterrule.Hop.Name: policy.Ignore} }),
			[]finding.Finding{noRule, darkRoute}, outcome{entry: &entry{policy: "frame", pipeline: short(darkRoute)}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := outcomeOf(tt.resolution, tt.findings)
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(outcome{}, entry{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func workload(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: "ns", Name: name}
}

func TestLedgerSumsUpByPolicy(t *testing.T) {
	calls := 0
	l := newLedger(func() { calls++ })
	of := func(policy string, e entry) outcome { e.policy = policy; return outcome{entry: &e} }
	l.record(workload("z"), of("a", entry{pipeline: &noRule}))
	l.record(workload("y"), of("a", entry{pipeline: &noRule, paused: true}))
	l.record(workload("x"), of("a", entry{pipeline: &darkRoute}))
	l.record(workload("w"), of("b", entry{}))
	l.record(workload("v"), of("b", entry{}))
	l.record(workload("v"), of("a", entry{}))             // another policy rules it now
	l.record(workload("u"), of("b", entry{paused: true})) // and this one is deleted
	l.record(workload("u"), outcome{})
	l.record(workload("w"), unchanged)
	l.record(workload("t"), of("", entry{})) // no policy rules it
	long := badSettings
	long.Message = strings.Repeat("ü", render.MaxNote)
	var blocked []v1alpha1.BlockedWorkload
	for i := range v1alpha1.MaxBlockedWorkloads + 2 {
		name := fmt.Sprintf("b%02d", v1alpha1.MaxBlockedWorkloads+1-i)
		l.record(workload(name), of("a", entry{blocked: &long}))
		if i < v1alpha1.MaxBlockedWorkloads {
			blocked = append(blocked, v1alpha1.BlockedWorkload{
				Namespace: "ns", Name: fmt.Sprintf("b%02d", i), Reason: "Bad", Message: render.Clip(long.Message),
			})
		}
	}
	want := map[string]*tally{
		"a": {
			attached: 4, paused: 1, blocked: int32(v1alpha1.MaxBlockedWorkloads) + 2, blockedWorkloads: blocked,
			broken: 2, unknown: 1, worst: &noRule, worstOf: workload("y"),
		},
		"b": {attached: 1},
	}
	if diff := cmp.Diff(want, l.tallies(), cmp.AllowUnexported(tally{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if want := 10 + v1alpha1.MaxBlockedWorkloads + 2; calls != want {
		t.Errorf("%d calls, want %d", calls, want)
	}
}

func TestLedgerIsCompleteOnceAllWereSeen(t *testing.T) {
	l := newLedger(func() {})
	all := []types.NamespacedName{workload("a"), workload("b")}
	l.record(workload("a"), unchanged)
	if l.complete(all) {
		t.Error("complete before b was seen")
	}
	l.record(workload("b"), outcome{})
	if !l.complete(all) {
		t.Error("not complete though all were seen")
	}
	l.record(workload("c"), outcome{})
	if !l.complete([]types.NamespacedName{workload("d")}) {
		t.Error("no longer complete")
	}
	var none *ledger
	none.record(workload("a"), outcome{}) // without a ledger nothing is remembered
}
