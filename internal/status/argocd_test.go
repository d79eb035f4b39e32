package status_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/output/hpa"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/status"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// healthCheck is the script that docs/gitops.md gives to Argo CD.
func healthCheck(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "gitops.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(page), "\n```yaml\n")[1:] {
		block, _, _ := strings.Cut(part, "\n```\n")
		var m struct{ Data map[string]string }
		if err := yaml.Unmarshal([]byte(block), &m); err != nil {
			t.Fatal(err)
		}
		if script := m.Data["resource.customizations.health.kong.latency_LatencyAutoscaler"]; script != "" {
			return script
		}
	}
	t.Fatal("docs/gitops.md has no health check")
	return ""
}

// healthOf runs a script as Argo CD does: by this interpreter, with nothing of the standard
// library but the basics and tables, and the object in obj.
func healthOf(t *testing.T, script string, o *v1alpha1.LatencyAutoscaler) (state, message string) {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		t.Fatal(err)
	}
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		if err := l.CallByParam(lua.P{Fn: l.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			t.Fatal(err)
		}
	}
	l.SetGlobal("obj", luaValue(l, content))
	if err := l.DoString(script); err != nil {
		t.Fatal(err)
	}
	health, ok := l.Get(-1).(*lua.LTable)
	if !ok {
		t.Fatalf("it returns %s", l.Get(-1).Type())
	}
	return health.RawGetString("status").String(), health.RawGetString("message").String()
}

// luaValue is a value of an object in Lua.
func luaValue(l *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case bool:
		return lua.LBool(v)
	case string:
		return lua.LString(v)
	case int64:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	case []any:
		out := l.NewTable()
		for _, item := range v {
			out.Append(luaValue(l, item))
		}
		return out
	case map[string]any:
		out := l.NewTable()
		for key, item := range v {
			out.RawSetString(key, luaValue(l, item))
		}
		return out
	default:
		return lua.LNil
	}
}

func TestHealthInArgoCD(t *testing.T) {
	good, broken := pipelinetest.Good(), pipelinetest.Good()
	broken.ServiceMonitors.Items = nil
	blocked := facts(t, good, "32")
	blocked.Plan, blocked.Live, blocked.Evaluation = nil, nil, nil
	blocked.Findings = []finding.Finding{plan.NoServiceSelectsPods.On(blocked.Workload, "no Service selects its pods").Suggest("create one")}
	failing := facts(t, good, "32")
	failing.Evaluation.Failing = []finding.Finding{hpa.AutoscalerFails.On(failing.Workload, "AbleToScale is not true")}
	early := facts(t, &pipeline.Snapshot{}, "")
	early.Evaluation.Series, early.Evaluation.SeriesPending, early.Evaluation.Report = nil, true, pipeline.Report{}
	zero := facts(t, good, "")
	off(zero)
	pausedAndBroken := facts(t, broken, "", "paused", "true")

	script := healthCheck(t)
	for name, tt := range map[string]struct {
		facts          status.Facts
		state, message string
	}{
		"works":             {facts(t, good, "32"), "Healthy", "ScalesByLatency: "},
		"paused":            {facts(t, good, "32", "paused", "true"), "Suspended", "Paused: "},
		"paused one way":    {facts(t, good, "32", "paused", "scale-in"), "Suspended", "paused: scale-in"},
		"scaled to zero":    {zero, "Suspended", "NoReplicas: "},
		"broken":            {facts(t, broken, ""), "Degraded", "doctor --fix"},
		"broken and paused": {pausedAndBroken, "Degraded", "ServiceMonitorNotFound: "},
		"blocked":           {blocked, "Degraded", "NoServiceSelectsPods: Deployment default/echo: no Service selects its pods; to fix it: create one"},
		"fails":             {failing, "Degraded", "AutoscalerFails: "},
		"no value":          {facts(t, good, ""), "Degraded", "MetricWithoutValue: "},
		"early":             {early, "Progressing", "NotReadYet: "},
	} {
		t.Run(name, func(t *testing.T) {
			state, message := healthOf(t, script, written(status.Of(tt.facts, noon)))
			if state != tt.state || !strings.Contains(message, tt.message) {
				t.Errorf("it is %s with %q, want %s with %q", state, message, tt.state, tt.message)
			}
		})
	}
	for name, o := range map[string]*v1alpha1.LatencyAutoscaler{
		"without a status": {}, "without conditions": written(v1alpha1.LatencyAutoscalerStatus{ObservedGeneration: 1}),
	} {
		if state, _ := healthOf(t, script, o); state != "Progressing" {
			t.Errorf("%s it is %s", name, state)
		}
	}
}
