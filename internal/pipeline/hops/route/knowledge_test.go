package route_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/route"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// losesNothing makes each kind of a snapshot unreadable, and then uninstalled: what is not
// known any more may become unknown, but no error that was none.
func losesNothing(t *testing.T, change func(*pipeline.Snapshot)) {
	t.Helper()
	judge := func(s *pipeline.Snapshot) []finding.Finding {
		return route.New().Judge(pipeline.NewCase(nil, s, pipelinetest.GatewaySubject)).Findings
	}
	isError := func(f finding.Finding) bool { return f.Severity == finding.Error }
	whole := pipelinetest.Gateway()
	change(whole)
	if slices.ContainsFunc(judge(whole), isError) {
		return
	}
	kinds := reflect.TypeFor[pipeline.Snapshot]()
	for i := range kinds.NumField() {
		if kinds.Field(i).Type.Kind() != reflect.Struct {
			continue
		}
		if _, isSet := kinds.Field(i).Type.FieldByName("Items"); !isSet {
			continue
		}
		for _, state := range []pipeline.State{pipeline.Unreadable, pipeline.NotInstalled, pipeline.Unread} {
			s := pipelinetest.Gateway()
			change(s)
			set := reflect.ValueOf(s).Elem().Field(i)
			set.SetZero()
			set.FieldByName("State").SetString(string(state))
			if got := judge(s); slices.ContainsFunc(got, isError) {
				t.Errorf("without %s (%q): %v", kinds.Field(i).Name, state, got)
			}
		}
	}
}
