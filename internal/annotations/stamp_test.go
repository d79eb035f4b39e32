package annotations

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOff(t *testing.T) {
	s, errs := Parse(OnDeployment, map[string]string{TargetMS: Off, MinReplicas: "2"})
	if len(errs) > 0 || !s.Off || s.Asked() || *s.MinReplicas != 2 {
		t.Errorf("off gave %+v, %v", s, errs)
	}
	for _, bad := range []string{"Off", "OFF", " off", "false", "0"} {
		if s, errs := Parse(OnDeployment, map[string]string{TargetMS: bad}); len(errs) != 1 || s.Off {
			t.Errorf("%q gave %+v, %v, want one error", bad, s, errs)
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
		on := func(v string) map[string]string {
			if v == "" {
				return nil
			}
			return map[string]string{TargetMS: v}
		}
		s, differ := Merge(on(tt.deployment), on(tt.service))
		if s.Off != tt.off || s.Asked() == tt.off || len(differ) != tt.differ {
			t.Errorf("%q and %q gave %+v, %v", tt.deployment, tt.service, s, differ)
		}
	}
}

func TestWhoseTheTargetIs(t *testing.T) {
	tests := map[string]struct {
		all, own map[string]string
		asks     bool
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
		if got := Asks(tt.all); got != tt.asks {
			t.Errorf("%s: asks is %v", name, got)
		}
		before := len(tt.all)
		if diff := cmp.Diff(tt.own, Own(tt.all)); diff != "" || len(tt.all) != before {
			t.Errorf("%s: own annotations (-want +got):\n%s", name, diff)
		}
	}
}

func TestStampReadsBack(t *testing.T) {
	want := Stamp{Policy: "team.frame", Target: "0.5"}
	s, errs := Parse(OnDeployment, map[string]string{AttachedBy: want.String()})
	if len(errs) > 0 || *s.AttachedBy != want {
		t.Errorf("%s gave %+v, %v", want, s.AttachedBy, errs)
	}
	if _, errs := Parse(OnService, map[string]string{AttachedBy: want.String()}); len(errs) != 1 {
		t.Errorf("on a Service it gave %v, want one error", errs)
	}
}
