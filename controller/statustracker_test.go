package controller

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/model"
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
	target := func(ms string) func(*plan.Plan) {
		return func(p *plan.Plan) { p.Service, p.Target = "web", resource.MustParse(ms) }
	}
	managed := &model.Autoscaler{Kind: model.KindHPA, Name: "echo"}
	of := func(r plan.Resolution, a *model.Autoscaler) plan.Resolution { r.Claim.Managed = a; return r }
	enabled := plan.Resolution{Enabled: true, PolicyName: "frame"}
	tests := map[string]struct {
		resolution plan.Resolution
		findings   []finding.Finding
		want       outcome
	}{
		"attached": {planned(), nil, outcome{entry: &entry{policy: "frame"}}},
		"named": {of(planned(target("12.5")), managed), nil, outcome{entry: &entry{
			policy: "frame", service: "web", target: 0.0125, autoscaler: "echo", output: "HorizontalPodAutoscaler",
		}}},
		"blocked with an autoscaler": {of(enabled, managed), []finding.Finding{badSettings}, outcome{entry: &entry{
			policy: "frame", blocked: short(badSettings), autoscaler: "echo", output: "HorizontalPodAutoscaler",
		}}},
		"nothing set":      {planned(pause("")), nil, outcome{entry: &entry{policy: "frame"}}},
		"paused":           {planned(pause(annotations.PauseAll)), nil, outcome{entry: &entry{policy: "frame", paused: true}}},
		"paused one way":   {planned(pause(annotations.PauseScaleIn)), nil, outcome{entry: &entry{policy: "frame", paused: true}}},
		"no policy":        {plan.Resolution{Enabled: true, Plan: &plan.Plan{}}, []finding.Finding{noRule}, outcome{entry: &entry{pipeline: short(noRule)}}},
		"blocked":          {enabled, []finding.Finding{badSettings, darkRoute}, outcome{entry: &entry{policy: "frame", blocked: short(badSettings)}}},
		"name taken":       {planned(), []finding.Finding{lateScrape, badSettings, noRule}, outcome{entry: &entry{policy: "frame", blocked: short(badSettings)}}},
		"retained":         {plan.Resolution{Retained: true, PolicyName: "frame"}, []finding.Finding{badSettings}, outcome{entry: &entry{policy: "frame", blocked: short(badSettings)}}},
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

func TestSummariesByPolicy(t *testing.T) {
	var changed []string
	tracker := newStatusTracker()
	tracker.follow(func(policies ...string) { changed = append(changed, strings.Join(policies, "+")) })
	of := func(policy string, e entry) outcome { e.policy = policy; return outcome{entry: &e} }
	same := noRule
	for _, step := range []struct {
		workload string
		outcome  outcome
		changed  []string
	}{
		{"z", of("a", entry{pipeline: &noRule}), []string{"a"}},
		{"z", of("a", entry{pipeline: &same}), nil},
		{"y", of("a", entry{pipeline: &noRule, paused: true}), []string{"a"}},
		{"x", of("a", entry{pipeline: &darkRoute}), []string{"a"}},
		{"w", of("b", entry{}), []string{"b"}},
		{"v", of("b", entry{}), []string{"b"}},
		{"v", of("a", entry{}), []string{"a+b"}}, // another policy is effective now
		{"u", of("b", entry{paused: true}), []string{"b"}},
		{"u", outcome{}, []string{"b"}}, // it is deleted
		{"u", outcome{}, nil},
		{"w", unchanged, nil},
		{"t", of("", entry{}), nil}, // it has no policy
	} {
		changed = nil
		tracker.record(workload(step.workload), step.outcome)
		if diff := cmp.Diff(step.changed, changed); diff != "" {
			t.Errorf("policies that %s changes (-want +got):\n%s", step.workload, diff)
		}
	}
	long := badSettings
	long.Message = strings.Repeat("ü", render.MaxNote)
	var blocked []v1alpha1.BlockedWorkload
	for i := range v1alpha1.MaxBlockedWorkloads + 2 {
		name := fmt.Sprintf("b%02d", v1alpha1.MaxBlockedWorkloads+1-i)
		tracker.record(workload(name), of("a", entry{blocked: &long}))
		if i < v1alpha1.MaxBlockedWorkloads {
			blocked = append(blocked, v1alpha1.BlockedWorkload{
				Namespace: "ns", Name: fmt.Sprintf("b%02d", i), Reason: "Bad", Message: render.Clip(long.Message),
			})
		}
	}
	for policy, want := range map[string]summary{
		"a": {
			attached: 4, paused: 1, blocked: int32(v1alpha1.MaxBlockedWorkloads) + 2, blockedWorkloads: blocked,
			broken: 2, unknown: 1, worst: &noRule, worstOf: workload("y"),
		},
		"b": {attached: 1},
		"c": {},
	} {
		if diff := cmp.Diff(want, tracker.summary(policy), cmp.AllowUnexported(summary{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", policy, diff)
		}
	}
}

func TestTrackerIsCompleteOnceAllWereSeen(t *testing.T) {
	tracker := newStatusTracker()
	all := []types.NamespacedName{workload("a"), workload("b")}
	tracker.record(workload("a"), unchanged)
	if tracker.complete(all) {
		t.Error("complete before b was seen")
	}
	tracker.record(workload("b"), outcome{})
	if !tracker.complete(all) {
		t.Error("not complete though all were seen")
	}
	tracker.record(workload("c"), outcome{})
	if !tracker.complete([]types.NamespacedName{workload("d")}) {
		t.Error("no longer complete")
	}
	var none *statusTracker
	none.record(workload("a"), outcome{}) // without a tracker nothing is remembered
}
