package live

import (
	"testing"

	"github.com/kong-latency/kong-latency/internal/annotations"
)

func TestParseRef(t *testing.T) {
	for arg, want := range map[string]string{
		"deployment/echo": "deployment.apps/echo", "deploy/echo": "deployment.apps/echo", "Deployments.apps/echo": "deployment.apps/echo",
		"svc/echo": "service/echo", "service/echo": "service/echo",
	} {
		got, err := ParseRef(arg)
		if err != nil || got.String() != want {
			t.Errorf("%s: got %s and %v, want %s", arg, got, err, want)
		}
	}
	for _, arg := range []string{"echo", "pod/echo", "deployment/", "/echo", "deployment/a/b", ""} {
		if got, err := ParseRef(arg); err == nil {
			t.Errorf("%q is parsed as %s", arg, got)
		}
	}
}

func TestGroupVersionKind(t *testing.T) {
	if got := (Ref{Kind: annotations.OnDeployment, Name: "a"}).GroupVersionKind().String(); got != "apps/v1, Kind=Deployment" {
		t.Error(got)
	}
	if got := (Ref{Kind: annotations.OnService, Name: "a"}).GroupVersionKind().String(); got != "/v1, Kind=Service" {
		t.Error(got)
	}
}
