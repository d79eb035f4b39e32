package output_test

import (
	"testing"

	"github.com/kong-latency/kong-latency/internal/output"
)

func TestAKindOfAnotherGroupIsNotADeployment(t *testing.T) {
	for apiVersion, want := range map[string]string{
		"apps/v1": "Deployment", "extensions/v1beta1": "Deployment", "": "Deployment",
		"example.org/v1": "Deployment.example.org", "not/a/version": "Deployment",
	} {
		if got := output.TargetRef(apiVersion, "Deployment", "echo").Kind; got != want {
			t.Errorf("%q scales %s, want %s", apiVersion, got, want)
		}
	}
}
