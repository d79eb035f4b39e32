package annotations

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
)

func TestParseEveryKey(t *testing.T) {
	on := map[string]string{
		TargetMS: "40.5", MinReplicas: "2", MaxReplicas: "20", Service: "echo", Metric: "latency:p99",
		Behavior: "stable", CPUUtilization: "70", Paused: "scale-in", PreserveReplicas: "false",
		Adopt: "old", AttachedBy: "frame=40.5", "other.example/key": "anything",
	}
	got, errs := Parse(OnDeployment, on)
	if len(errs) > 0 {
		t.Fatalf("Parse: %v", errs.ToAggregate())
	}
	if got.Target.String() != "40500m" {
		t.Errorf("target is %s, want 40500m", got.Target)
	}
	got.Target = nil
	want := Settings{
		MinReplicas: ptr.To[int32](2), MaxReplicas: ptr.To[int32](20), Service: "echo", Metric: "latency:p99",
		Behavior: "stable", CPUUtilization: ptr.To[int32](70), Paused: PauseScaleIn,
		PreserveReplicas: ptr.To(false), Adopt: "old", AttachedBy: &Stamp{Policy: "frame", Target: "40.5"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestParseNothing(t *testing.T) {
	got, errs := Parse(OnService, map[string]string{"kong.latency.example/x": "1", "kong.latencyX": "2"})
	if len(errs) > 0 || got.Asked() {
		t.Errorf("annotations that are not ours gave %+v, %v", got, errs)
	}
}

func TestTargetValues(t *testing.T) {
	good := map[string]string{
		"40": "40", "0.5": "500m", "0.001": "1m", "40.0": "40", "3600000": "3600k", "12.34": "12340m", "100": "100",
	}
	for value, want := range good {
		got, errs := Parse(OnDeployment, map[string]string{TargetMS: value})
		if len(errs) > 0 || got.Target.String() != want {
			t.Errorf("%q gave %v, %v, want %s", value, got.Target, errs, want)
		}
	}
	for _, value := range []string{
		"", " 40", "40 ", "40ms", "-1", "+40", "0", "0.000", "0.0001", "4e1", "1e400", ".5", "5.", "040", "3600000.001",
		"99999999", "40k", "40m", "NaN", "Inf", "0x10", "٤٠", "40\n", "1_000", "1,5",
	} {
		if got, errs := Parse(OnDeployment, map[string]string{TargetMS: value}); len(errs) != 1 || got.Asked() {
			t.Errorf("%q gave %v, %v, want one error", value, got.Target, errs)
		}
	}
}

func TestBadValuesNameKeyValueAndWhatIsAllowed(t *testing.T) {
	bad := map[string][]string{
		MinReplicas:      {"0", "-1", "1.5", "01", "two", "", "9999999999"},
		MaxReplicas:      {"0", "1e3", "+5"},
		Service:          {"", "Echo", "a/b", strings.Repeat("a", 254)},
		Metric:           {"", "a/b", "a%b", ".", "..", "with space", strings.Repeat("m", 254)},
		Behavior:         {"", "Stable", "a_b"},
		CPUUtilization:   {"0", "101", "70%"},
		Paused:           {"", "yes", "TRUE", "scale-up"},
		PreserveReplicas: {"", "1", "True"},
		Adopt:            {"", "UPPER"},
		AttachedBy:       {"", "frame", "=40", "frame=", "frame=off", "Frame=40", "frame=40=40"},
	}
	for key, values := range bad {
		for _, value := range values {
			_, errs := Parse(OnDeployment, map[string]string{key: value})
			if len(errs) != 1 {
				t.Errorf("%s: %q gave %v, want one error", key, value, errs)
				continue
			}
			text := errs[0].Error()
			for _, want := range []string{"metadata.annotations[" + key + "]", "must be " + keysByName[key].Value} {
				if !strings.Contains(text, want) {
					t.Errorf("%s: %q says %q, which lacks %q", key, value, text, want)
				}
			}
		}
	}
}

func TestAllErrorsAtOnceSortedByKey(t *testing.T) {
	_, errs := Parse(OnService, map[string]string{
		TargetMS: "fast", MinReplicas: "9", MaxReplicas: "3", Service: "echo", Prefix + "target-msec": "40", Prefix + "nonsense-altogether": "1",
	})
	want := []string{
		`metadata.annotations[kong.latency/nonsense-altogether]: Invalid value: "1": unknown annotation: known after kong.latency/ are adopt, behavior, cpu-utilization, deployment, max-replicas, metric, min-replicas, paused, preserve-replicas, service, target-ms`,
		`metadata.annotations[kong.latency/service]: Invalid value: "echo": belongs on a Deployment, not on a Service`,
		`metadata.annotations[kong.latency/target-ms]: Invalid value: "fast": must be a decimal number of milliseconds greater than 0 and at most 3600000, with up to 3 decimals and no unit, such as 40 or 0.5; or off`,
		`metadata.annotations[kong.latency/target-msec]: Invalid value: "40": unknown annotation: did you mean kong.latency/target-ms?`,
		`metadata.annotations[kong.latency/min-replicas]: Invalid value: "9": must be at most kong.latency/max-replicas, which is 3`,
	}
	got := make([]string, len(errs))
	for i, e := range errs {
		got[i] = e.Error()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestMerge(t *testing.T) {
	got, differ := Merge(
		map[string]string{TargetMS: "40", MinReplicas: "2", Service: "echo"},
		map[string]string{TargetMS: "40.00", MaxReplicas: "7", MinReplicas: "3", Paused: "true"},
	)
	want := []Difference{{Key: MinReplicas, Deployment: "2", Service: "3"}}
	if diff := cmp.Diff(want, differ); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
	if got.Target.String() != "40" || *got.MaxReplicas != 7 || got.Service != "echo" || got.Paused != PauseAll {
		t.Errorf("merged settings are %+v", got)
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

// FuzzParse holds that no value panics, that nothing bad is let through, and
// that what is let through means the same when it is read again.
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
			s, errs := Parse(kind, map[string]string{key: value})
			if _, known := keysByName[key]; strings.HasPrefix(key, Prefix) && !known && len(errs) == 0 {
				t.Errorf("unknown key %q was passed over", key)
			}
			if s.Target != nil && (s.Target.Sign() <= 0 || s.Target.Cmp(maxTarget) > 0) {
				t.Errorf("target %q became %s", value, s.Target)
			}
			for _, n := range []*int32{s.MinReplicas, s.MaxReplicas, s.CPUUtilization} {
				if n != nil && *n < 1 {
					t.Errorf("%s %q became %d", key, value, *n)
				}
			}
			again, _ := Parse(kind, map[string]string{key: value})
			if diff := cmp.Diff(s, again); diff != "" {
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
