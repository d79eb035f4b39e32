package annotations

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOff(t *testing.T) {
	p := Parse(OnDeployment, map[string]string{TargetMS: Off, MinReplicas: "2"})
	if len(p.Violations) > 0 || !p.Settings.Off || p.Settings.Target != nil || p.Requested || *p.Settings.MinReplicas != 2 {
		t.Errorf("off gave %+v", p)
	}
	for _, bad := range []string{"Off", "OFF", " off", "false", "0"} {
		if p := Parse(OnDeployment, map[string]string{TargetMS: bad}); len(p.Violations) != 1 || p.Settings.Off {
			t.Errorf("%q gave %+v, want one violation", bad, p)
		}
	}
}

func TestMergeOff(t *testing.T) {
	tests := []struct {
		deployment, service string
		off                 bool
		differ              int
	}{
		{Off, Off, true, 0}, {Off, "", true, 0}, {"", Off, true, 0},
		{Off, "40", true, 1}, {"40", Off, false, 1}, {"40", "40.0", false, 0},
	}
	for _, tt := range tests {
		on := func(k Kind, v string) Parsed {
			if v == "" {
				return Parsed{}
			}
			return Parse(k, map[string]string{TargetMS: v})
		}
		s, differ := Merge(on(OnDeployment, tt.deployment), on(OnService, tt.service))
		if s.Off != tt.off || (s.Target != nil) == tt.off || len(differ) != tt.differ {
			t.Errorf("%q and %q gave %+v, %v", tt.deployment, tt.service, s, differ)
		}
	}
}

func TestWhoseTheTargetIs(t *testing.T) {
	tests := map[string]struct {
		all, people map[string]string // what people wrote
		requested   bool
	}{
		"nothing":            {nil, nil, false},
		"a person's":         {map[string]string{TargetMS: "40"}, map[string]string{TargetMS: "40"}, true},
		"off":                {map[string]string{TargetMS: Off}, map[string]string{TargetMS: Off}, false},
		"a bad value":        {map[string]string{TargetMS: "x"}, map[string]string{TargetMS: "x"}, true},
		"as recorded":        {map[string]string{TargetMS: "40", AttachedBy: "p=40", MaxReplicas: "3"}, map[string]string{MaxReplicas: "3"}, false},
		"spelled otherwise":  {map[string]string{TargetMS: "40.0", AttachedBy: "p=40"}, map[string]string{}, false},
		"changed since":      {map[string]string{TargetMS: "30", AttachedBy: "p=40"}, map[string]string{TargetMS: "30"}, true},
		"declined since":     {map[string]string{TargetMS: Off, AttachedBy: "p=40"}, map[string]string{TargetMS: Off}, false},
		"spoilt since":       {map[string]string{TargetMS: "x", AttachedBy: "p=40"}, map[string]string{TargetMS: "x"}, true},
		"removed since":      {map[string]string{AttachedBy: "p=40"}, map[string]string{}, false},
		"record is unusable": {map[string]string{TargetMS: "40", AttachedBy: "p"}, map[string]string{TargetMS: "40", AttachedBy: "p"}, true},
	}
	for name, tt := range tests {
		p, want := Parse(OnDeployment, tt.all), Parse(OnDeployment, tt.people)
		if p.Requested != tt.requested {
			t.Errorf("%s: requested is %v", name, p.Requested)
		}
		if diff := cmp.Diff(want.Settings, p.Settings); diff != "" {
			t.Errorf("%s: settings (-want +got):\n%s", name, diff)
		}
		if !p.SameSettings(want) || !want.SameSettings(p) || p.Empty() != (len(tt.people) == 0) {
			t.Errorf("%s: it is not what %v is", name, tt.people)
		}
		other := Parse(OnDeployment, map[string]string{Metric: "m"})
		if p.SameSettings(other) || other.SameSettings(p) {
			t.Errorf("%s: it is the same as one with another setting", name)
		}
	}
}

func TestStampReadsBack(t *testing.T) {
	want := Stamp{Policy: "team.frame", Target: "0.5"}
	p := Parse(OnDeployment, map[string]string{AttachedBy: want.String()})
	if len(p.Violations) > 0 || *p.Stamp != want {
		t.Errorf("%s gave %+v", want, p)
	}
	if p := Parse(OnService, map[string]string{AttachedBy: want.String()}); len(p.Violations) != 1 {
		t.Errorf("on a Service it gave %v, want one violation", p.Violations)
	}
}
