package scrape

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// A Service is selected by labels that no upgrade changes.
func TestStableLabels(t *testing.T) {
	for name, tt := range map[string]struct{ have, want map[string]string }{
		"none":  {nil, nil},
		"known": {map[string]string{"control-plane": "a", "app.kubernetes.io/version": "1", "x": "y"}, map[string]string{"control-plane": "a"}},
		"other": {map[string]string{"x": "y", "helm.sh/chart": "a-1", "app.kubernetes.io/managed-by": "Helm"}, map[string]string{"x": "y"}},
	} {
		if diff := cmp.Diff(tt.want, StableLabels(pipeline.OperatorService{Labels: tt.have})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Of several ports the metrics' is found by what the installations call it.
func TestMetricsPort(t *testing.T) {
	for name, tt := range map[string]struct {
		ports []pipeline.ServicePort
		want  string
	}{
		"one":     {[]pipeline.ServicePort{{Name: "x", Port: 1}}, "x"},
		"metrics": {[]pipeline.ServicePort{{Name: "http", Port: 8080}, {Name: "metrics", Port: 9090}}, "metrics"},
		"http":    {[]pipeline.ServicePort{{Name: "webhook", Port: 443}, {Name: "http", Port: 8080}}, "http"},
		"https":   {[]pipeline.ServicePort{{Name: "http", Port: 80}, {Name: "https", Port: 8443}}, "https"},
		"none":    {[]pipeline.ServicePort{{Name: "a", Port: 1}, {Name: "b", Port: 2}}, ""},
	} {
		got, ok := MetricsPort(pipeline.OperatorService{Ports: tt.ports})
		if got.Name != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: got %v, %v", name, got, ok)
		}
	}
}

func TestOperatorVersions(t *testing.T) {
	for version, want := range map[string][2]bool{
		"1.4": {true, true}, "v1.4.9": {true, true}, "0.7.0": {true, true}, "1.5.0": {false, true}, "1.10": {false, true},
		"2.0.0-rc.1": {false, true}, "": {}, "latest": {}, "1": {}, "1.x": {},
	} {
		if old, ok := beforeNoTLS(version); [2]bool{old, ok} != want {
			t.Errorf("%q: got %v, %v", version, old, ok)
		}
	}
}
