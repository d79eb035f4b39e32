package operator_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/policy"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// neverDeniesMore checks that nothing is denied where less is known that was not before: a
// kind that becomes unreadable or is removed never makes admission refuse what it admitted.
func neverDeniesMore(t *testing.T, change func(*testing.T, *pipeline.Snapshot)) {
	t.Helper()
	changed := func() *pipeline.Snapshot {
		s := pipelinetest.Good()
		change(t, s)
		return s
	}
	if len(denials(changed())) > 0 {
		return
	}
	for i := range reflect.TypeFor[pipeline.Snapshot]().NumField() {
		for _, state := range []pipeline.State{pipeline.Unread, pipeline.NotInstalled, pipeline.Unreadable} {
			s := changed()
			if !forget(s, i, state) {
				continue
			}
			if denied := denials(s); len(denied) > 0 {
				t.Errorf("once %s is %q, it is denied for %s", reflect.TypeFor[pipeline.Snapshot]().Field(i).Name, state, strings.Join(denied, ", "))
			}
		}
	}
}

// forget makes one field of a snapshot unknown; false if it has no state.
func forget(s *pipeline.Snapshot, i int, state pipeline.State) bool {
	field := reflect.ValueOf(s).Elem().Field(i)
	if field.Kind() != reflect.Struct || !field.FieldByName("State").IsValid() {
		return false
	}
	field.SetZero()
	field.FieldByName("State").Set(reflect.ValueOf(state))
	return true
}

// denials are the reasons for which admission refuses the subject's workload by default.
func denials(s *pipeline.Snapshot) []string {
	var out []string
	for _, f := range diagnose(s).Findings() {
		if f.Severity == finding.Error && (policy.Enforcement)(nil).For(f) == policy.Deny {
			out = append(out, f.Reason.Name)
		}
	}
	return out
}
