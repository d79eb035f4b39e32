package annotations

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/finding"
)

func TestParseEveryKey(t *testing.T) {
	on := map[string]string{
		TargetMS: "40.5", MinReplicas: "2", MaxReplicas: "20", Service: "echo", Metric: "latency:p99",
		Behavior: "stable", CPUUtilization: "70", Paused: "scale-in", PreserveReplicas: "false",
		Adopt: "old", AttachedBy: "frame=50", "other.example/key": "anything",
		Statistic: "p95", RequestsPerSecondPerPod: "12.5", ConcurrencyPerPod: "auto", OnNoEffect: "continue",
	}
	parsed := Parse(OnDeployment, on)
	if len(parsed.Violations) > 0 {
		t.Fatalf("Parse: %v", parsed.Violations)
	}
	if want := (Stamp{Policy: "frame", Target: "50"}); *parsed.Stamp != want || parsed.Stamped || !parsed.Requested {
		t.Errorf("the stamp is %v, stamped is %v, requested is %v", parsed.Stamp, parsed.Stamped, parsed.Requested)
	}
	got := parsed.Settings
	if got.Target.String() != "40500m" {
		t.Errorf("target is %s, want 40500m", got.Target)
	}
	got.Target = nil
	want := Settings{
		MinReplicas: ptr.To[int32](2), MaxReplicas: ptr.To[int32](20), Service: "echo", Metric: "latency:p99",
		Behavior: "stable", CPUUtilization: ptr.To[int32](70), Paused: PauseScaleIn,
		PreserveReplicas: ptr.To(false), Adopt: "old",
		Statistic: P95, RequestsPerSecondPerPod: &Load{PerPod: ptr.To(resource.MustParse("12.5"))},
		ConcurrencyPerPod: &Load{Auto: true}, OnNoEffect: NoEffectContinue,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestParseNothing(t *testing.T) {
	got := Parse(OnService, map[string]string{"kong.latency.example/x": "1", "kong.latencyX": "2"})
	if diff := cmp.Diff(Parsed{}, got); diff != "" || !got.Empty() {
		t.Errorf("annotations of others (-want +got):\n%s", diff)
	}
}

func TestTargetValues(t *testing.T) {
	good := map[string]string{
		"40": "40", "0.5": "500m", "0.001": "1m", "40.0": "40", "3600000": "3600k", "12.34": "12340m", "100": "100",
	}
	for value, want := range good {
		got := Parse(OnDeployment, map[string]string{TargetMS: value})
		if len(got.Violations) > 0 || got.Settings.Target.String() != want {
			t.Errorf("%q gave %v, %v, want %s", value, got.Settings.Target, got.Violations, want)
		}
	}
	for _, value := range []string{
		"", " 40", "40 ", "40ms", "-1", "+40", "0", "0.000", "0.0001", "4e1", "1e400", ".5", "5.", "040", "3600000.001",
		"99999999", "40k", "40m", "NaN", "Inf", "0x10", "٤٠", "40\n", "1_000", "1,5",
	} {
		if got := Parse(OnDeployment, map[string]string{TargetMS: value}); len(got.Violations) != 1 || got.Settings.Target != nil {
			t.Errorf("%q gave %v, %v, want one violation", value, got.Settings.Target, got.Violations)
		}
	}
}

func TestLoadValues(t *testing.T) {
	good := map[string]string{
		"12": "12", "2.8": "2.8", "2.80": "2.8", "0.001": "0.001", "1000000": "1000000", "auto": "auto", "off": "off",
	}
	for value, want := range good {
		for _, key := range []string{RequestsPerSecondPerPod, ConcurrencyPerPod} {
			got := Parse(OnService, map[string]string{key: value})
			l := got.Settings.RequestsPerSecondPerPod
			if key == ConcurrencyPerPod {
				l = got.Settings.ConcurrencyPerPod
			}
			if len(got.Violations) > 0 || l == nil || l.String() != want || l.Off() != (value == "off") || l.Auto != (value == "auto") {
				t.Errorf("%s: %q gave %v, %v, want %s", key, value, l, got.Violations, want)
			}
		}
	}
}

func TestStatistics(t *testing.T) {
	for _, s := range Statistics() {
		if got := Parse(OnDeployment, map[string]string{Statistic: string(s)}); got.Settings.Statistic != s || len(got.Violations) > 0 {
			t.Errorf("%s gave %+v", s, got)
		}
	}
	for s, want := range map[LatencyStatistic]string{
		"": DefaultMetric, Average: DefaultMetric, P50: "kong_upstream_latency_ms_60s_p50", P99: "kong_upstream_latency_ms_60s_p99",
	} {
		if got := s.Metric(); got != want {
			t.Errorf("the metric of %q is %s, want %s", s, got, want)
		}
	}
}

func TestBadValuesNameKeyValueAndWhatIsAllowed(t *testing.T) {
	bad := map[string][]string{
		MinReplicas:             {"0", "-1", "1.5", "01", "two", "", "9999999999"},
		MaxReplicas:             {"0", "1e3", "+5"},
		Service:                 {"", "Echo", "a/b", strings.Repeat("a", 254)},
		Metric:                  {"", "a/b", "a%b", ".", "..", "with space", strings.Repeat("m", 254)},
		Behavior:                {"", "Stable", "a_b"},
		CPUUtilization:          {"0", "101", "70%"},
		Statistic:               {"", "p", "95", "P95", "p999", "mean"},
		OnNoEffect:              {"", "stop", "Hold"},
		RequestsPerSecondPerPod: {"", "0", "0.000", "-1", "+2", "2,8", "2.8001", "1e3", "1000000.001", "9999999", "2k", "Auto", "OFF", "none", "12/s"},
		ConcurrencyPerPod:       {"", "0", "-2.8", "AUTO", "learn"},
		Paused:                  {"", "yes", "TRUE", "scale-up"},
		PreserveReplicas:        {"", "1", "True"},
		Adopt:                   {"", "UPPER"},
		AttachedBy:              {"", "frame", "=40", "frame=", "frame=off", "Frame=40", "frame=40=40"},
	}
	for key, values := range bad {
		for _, value := range values {
			got := Parse(OnDeployment, map[string]string{key: value})
			if len(got.Violations) != 1 || !cmp.Equal(got.Settings, Settings{}) {
				t.Errorf("%s: %q gave %+v, want one violation", key, value, got)
				continue
			}
			text := got.Violations[0].Error()
			for _, want := range []string{"metadata.annotations[" + key + "]", "must be " + keysByName[key].Value} {
				if !strings.Contains(text, want) {
					t.Errorf("%s: %q says %q, which lacks %q", key, value, text, want)
				}
			}
		}
	}
}

func TestAllViolationsAtOnceSortedByKey(t *testing.T) {
	parsed := Parse(OnService, map[string]string{
		TargetMS: "fast", MinReplicas: "9", MaxReplicas: "3", Service: "echo", Prefix + "target-msec": "40", Prefix + "nonsense-altogether": "1",
	})
	want := []string{
		`metadata.annotations[kong.latency/nonsense-altogether]: Invalid value: "1": unknown annotation: known after kong.latency/ are adopt, behavior, concurrency-per-pod, cpu-utilization, deployment, max-replicas, metric, min-replicas, on-no-effect, paused, preserve-replicas, requests-per-second-per-pod, service, statistic, target-ms`,
		`metadata.annotations[kong.latency/service]: Invalid value: "echo": belongs on a Deployment, not on a Service`,
		`metadata.annotations[kong.latency/target-ms]: Invalid value: "fast": must be a decimal number of milliseconds greater than 0 and at most 3600000, with up to 3 decimals and no unit, such as 40 or 0.5; or off`,
		`metadata.annotations[kong.latency/target-msec]: Invalid value: "40": unknown annotation: did you mean kong.latency/target-ms?`,
		`metadata.annotations[kong.latency/min-replicas]: Invalid value: "9": must be at most kong.latency/max-replicas, which is 3`,
	}
	var got, fields []string
	for _, v := range parsed.Violations {
		got = append(got, v.Error())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
	for _, f := range parsed.Findings(finding.Object{Kind: "Service"}) {
		fields = append(fields, f.Field.String())
		if f.Reason != InvalidAnnotation || f.Object.Kind != "Service" {
			t.Errorf("found %v", f)
		}
	}
	for i, text := range want {
		if path, _, _ := strings.Cut(text, ":"); fields[i] != path {
			t.Errorf("field %d is %s, want %s", i, fields[i], path)
		}
	}
}

func TestMerge(t *testing.T) {
	got, differ := Merge(
		Parse(OnDeployment, map[string]string{TargetMS: "40", MinReplicas: "2", Service: "echo", ConcurrencyPerPod: "2.8", RequestsPerSecondPerPod: "9"}),
		Parse(OnService, map[string]string{TargetMS: "40.00", MaxReplicas: "7", MinReplicas: "3", Paused: "true", ConcurrencyPerPod: "2.80", RequestsPerSecondPerPod: "auto"}),
	)
	want := []Difference{{Key: MinReplicas, Deployment: "2", Service: "3"}, {Key: RequestsPerSecondPerPod, Deployment: "9", Service: "auto"}}
	if diff := cmp.Diff(want, differ); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
	if got.Target.String() != "40" || *got.MaxReplicas != 7 || got.Service != "echo" || got.Paused != PauseAll {
		t.Errorf("merged settings are %+v", got)
	}
}

// Whatever there is to set is joined, whichever of the two objects has it.
func TestMergeKnowsEverySetting(t *testing.T) {
	every := Parse(OnDeployment, map[string]string{
		TargetMS: "40", MinReplicas: "2", MaxReplicas: "20", Service: "echo", Metric: "m", Behavior: "stable",
		CPUUtilization: "70", Paused: "true", PreserveReplicas: "false", Adopt: "old",
		Statistic: "p95", RequestsPerSecondPerPod: "12", ConcurrencyPerPod: "off", OnNoEffect: "continue",
	})
	every.Settings.Deployment = "echo"
	nothing := Parse(OnService, nil)
	for name, pair := range map[string][2]Parsed{"on the Deployment": {every, nothing}, "on the Service": {nothing, every}} {
		got, differ := Merge(pair[0], pair[1])
		if diff := cmp.Diff(every.Settings, got); diff != "" || len(differ) > 0 {
			t.Errorf("%s: settings (-want +got):\n%s\n%v", name, diff, differ)
		}
	}
	fields := reflect.ValueOf(every.Settings)
	for i := range fields.NumField() {
		if fields.Field(i).IsZero() != (fields.Type().Field(i).Name == "Off") {
			t.Errorf("%s is not set by this test", fields.Type().Field(i).Name)
		}
	}
}

func TestEveryKeyIsDocumented(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Keys() {
		if !strings.HasPrefix(k.Name, Prefix) || len(k.Kinds) == 0 || k.Value == "" || k.Default == "" || k.Doc == "" || seen[k.Name] {
			t.Errorf("key %+v is not documented, or is there twice", k)
		}
		seen[k.Name] = true
	}
}

// FuzzParse holds that no value panics, that nothing bad is accepted, and
// that what is accepted means the same when it is read again.
func FuzzParse(f *testing.F) {
	for _, k := range Keys() {
		f.Add(k.Name, "40")
		f.Add(k.Name, "true")
		f.Add(k.Name, "")
	}
	f.Add("kong.latency/", "x")
	f.Add(TargetMS, "3600000.000")
	f.Fuzz(func(t *testing.T, key, value string) {
		for _, kind := range []Kind{OnDeployment, OnService} {
			parsed := Parse(kind, map[string]string{key: value})
			s := parsed.Settings
			if _, known := keysByName[key]; strings.HasPrefix(key, Prefix) && !known && len(parsed.Violations) == 0 {
				t.Errorf("unknown key %q was passed over", key)
			}
			if s.Target != nil && (s.Target.Sign() <= 0 || s.Target.Cmp(maxTarget) > 0) {
				t.Errorf("target %q became %s", value, s.Target)
			}
			for _, l := range []*Load{s.RequestsPerSecondPerPod, s.ConcurrencyPerPod} {
				if l != nil && l.PerPod != nil && (l.Auto || l.PerPod.Sign() <= 0 || l.PerPod.Cmp(maxLoad) > 0) {
					t.Errorf("load %q became %s", value, l)
				}
			}
			for _, n := range []*int32{s.MinReplicas, s.MaxReplicas, s.CPUUtilization} {
				if n != nil && *n < 1 {
					t.Errorf("%s %q became %d", key, value, *n)
				}
			}
			again := Parse(kind, map[string]string{key: value})
			if diff := cmp.Diff(parsed, again); diff != "" {
				t.Errorf("parsed again (-first +second):\n%s", diff)
			}
		}
	})
}

func TestFormatTarget(t *testing.T) {
	for in, want := range map[string]string{"500m": "0.5", "1k": "1000", "40.0": "40", "40": "40", "1": "1", "1m": "0.001", "100": "100", "10.50": "10.5"} {
		q := resource.MustParse(in)
		if got := FormatTarget(q); got != want || !ValidTarget(got) || q.Cmp(resource.MustParse(got)) != 0 {
			t.Errorf("%s is written %s, want %s", in, got, want)
		}
	}
}
