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
