package discover

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

func TestMetricsAPIOfASet(t *testing.T) {
	for name, tc := range map[string]struct {
		set  pipeline.Set[pipeline.MetricsAPI]
		want pipeline.MetricsAPI
	}{
		"unread":    {pipeline.Set[pipeline.MetricsAPI]{}, pipeline.MetricsAPI{}},
		"none":      {pipeline.KnownSet[pipeline.MetricsAPI](), pipeline.MetricsAPI{State: pipeline.Known}},
		"forbidden": {pipeline.Set[pipeline.MetricsAPI]{State: pipeline.Unreadable, Why: "no"}, pipeline.MetricsAPI{State: pipeline.Unreadable, Why: "no"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, MetricsAPI(tc.set)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Of several versions the one counts that discovery lists first.
func TestMetricsAPIOfSeveralVersions(t *testing.T) {
	api := func(version string, priority int64) pipeline.MetricsAPI {
		return pipeline.MetricsAPI{State: pipeline.Known, Registered: true, Version: version, Priority: priority}
	}
	none, closed := pipeline.KnownSet[pipeline.MetricsAPI](), pipeline.Set[pipeline.MetricsAPI]{State: pipeline.Unreadable, Why: "no"}
	for name, tc := range map[string]struct {
		one, two pipeline.Set[pipeline.MetricsAPI]
		want     pipeline.MetricsAPI
	}{
		"only the newer":            {none, pipeline.KnownSet(api("v1beta2", 100)), api("v1beta2", 100)},
		"only the older":            {pipeline.KnownSet(api("v1beta1", 100)), none, api("v1beta1", 100)},
		"equal priority":            {pipeline.KnownSet(api("v1beta1", 100)), pipeline.KnownSet(api("v1beta2", 100)), api("v1beta2", 100)},
		"the older preferred":       {pipeline.KnownSet(api("v1beta1", 200)), pipeline.KnownSet(api("v1beta2", 100)), api("v1beta1", 200)},
		"the other is not readable": {closed, pipeline.KnownSet(api("v1beta2", 100)), api("v1beta2", 100)},
		"neither, and one unread":   {none, closed, pipeline.MetricsAPI{State: pipeline.Unreadable, Why: "no"}},
	} {
		if diff := cmp.Diff(tc.want, MetricsAPI(tc.one, tc.two)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := api("v1beta2", 1).Object().Name; got != "v1beta2.custom.metrics.k8s.io" {
		t.Errorf("its name is %s", got)
	}
}
