// Package faults tests that the product stays harmless where something fails or somebody
// is hostile: the shipped processes, with their manifests and under their memory limit, on
// a real API server. Each test is named after the situation; docs/security.md lists them.
package faults

import (
	"flag"
	"os"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
)

var long = flag.Bool("long", false, "also run the tests that take minutes")

func TestMain(m *testing.M) {
	klog.SetLogger(logr.Discard())
	ctrl.SetLogger(logr.Discard())
	os.Exit(m.Run())
}

// takesMinutes skips a test unless -long is set, as `make test-faults` does.
func takesMinutes(t *testing.T) {
	t.Helper()
	if !*long {
		t.Skip("too long for make test: run make test-faults")
	}
}
