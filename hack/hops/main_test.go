package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/internal/pipeline/source"
)

func TestFileIsUpToDate(t *testing.T) {
	got, err := os.ReadFile(filepath.Join("..", "..", "api", "v1alpha1", "zz_generated.hops.go"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(file(source.Hops()), string(got)); diff != "" {
		t.Errorf("run make generate (-want +got):\n%s", diff)
	}
}

func TestRunNeedsAFile(t *testing.T) {
	if run(nil) == nil || run([]string{filepath.Join(t.TempDir(), "absent", "x.go")}) == nil {
		t.Error("got no error")
	}
}
