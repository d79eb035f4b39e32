package plan_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/test/testutil"
)

func TestViolations(t *testing.T) {
	set := testutil.Settings
	far := func(s *model.Service) { s.Name, s.Selector = "far", map[string]string{"app": "far"} }
	second := func(s *model.Service) { s.Name = "second" }
	tests := map[string]struct {
		deployment map[string]string
		services   []model.Service
		policies   plan.Policies
		want       []string
	}{
		"none": {set(), []model.Service{testutil.Service(nil)}, rules(false, frame()), nil},
		"a bad value": {set("paused", "x"), []model.Service{testutil.Service(nil)}, nil,
			[]string{"InvalidAnnotation Deployment default/echo metadata.annotations[kong.latency/paused]"}},
		"a bad value of the Service": {set(), []model.Service{testutil.Service(set("paused", "x"))}, nil,
			[]string{"InvalidAnnotation Service default/echo metadata.annotations[kong.latency/paused]"}},
		"a limit, each on its object": {set("target-ms", "40", "max-replicas", "30"), []model.Service{testutil.Service(set("target-ms", "", "min-replicas", "25"))}, rules(false, frame()), []string{
			"LimitExceeded Deployment default/echo metadata.annotations[kong.latency/max-replicas]",
			"LimitExceeded Service default/echo metadata.annotations[kong.latency/min-replicas]",
		}},
		"a limit, before there is a Service": {set("max-replicas", "30"), nil, rules(false, frame()),
			[]string{"LimitExceeded Deployment default/echo metadata.annotations[kong.latency/max-replicas]"}},
		"a limit of a policy that is unknown": {set("max-replicas", "30"), nil, unknownNamespace(frame()), nil},
		"a limit, and nothing enables it":     {set("target-ms", "", "max-replicas", "30"), []model.Service{testutil.Service(nil)}, rules(false, frame()), nil},
		"a limit, and a policy enables it": {set("target-ms", "", "max-replicas", "30"), []model.Service{testutil.Service(nil)}, rules(true, frame()),
			[]string{"LimitExceeded Deployment default/echo metadata.annotations[kong.latency/max-replicas]"}},
		"a Service that is far": {set(), []model.Service{testutil.Service(nil), testutil.Service(set("max-replicas", "30"), far)}, rules(false, frame()), nil},
		"of two that request": {set("target-ms", ""), []model.Service{testutil.Service(set()), testutil.Service(set("max-replicas", "30"), second)}, rules(false, frame()),
			[]string{"LimitExceeded Service default/second metadata.annotations[kong.latency/max-replicas]"}},
		"an unknown behavior": {set("behavior", "calm"), []model.Service{testutil.Service(nil)}, nil,
			[]string{"UnknownBehavior Deployment default/echo metadata.annotations[kong.latency/behavior]"}},
		"min above the default": {set("min-replicas", "11"), []model.Service{testutil.Service(nil)}, nil,
			[]string{"MinAboveMax Deployment default/echo metadata.annotations[kong.latency/min-replicas]"}},
		"min above the max of the other": {set("min-replicas", "7"), []model.Service{testutil.Service(set("target-ms", "", "max-replicas", "6"))}, nil, []string{
			"MinAboveMax Deployment default/echo metadata.annotations[kong.latency/min-replicas]",
			"MinAboveMax Service default/echo metadata.annotations[kong.latency/max-replicas]",
		}},
		"they disagree, which is none": {set(), []model.Service{testutil.Service(set("target-ms", "50"))}, nil, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := testutil.Workload(tt.deployment)
			r := plan.Resolve(w, testutil.Catalog(w, tt.services...), tt.policies)
			var got []string
			for _, v := range r.Violations {
				got = append(got, fmt.Sprintf("%s %s %s", v.Reason.Name, v.Object, v.Field))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("violations (-want +got):\n%s", diff)
			}
		})
	}
}
