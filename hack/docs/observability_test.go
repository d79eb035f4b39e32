package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/internal/metrics"
)

// Every alert is explained on the page, at the link in its annotation.
func TestEveryAlertIsExplained(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "config", "prometheus", "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var rule struct {
		Spec struct {
			Groups []struct {
				Rules []struct {
					Alert       string
					Annotations map[string]string
				}
			}
		}
	}
	if err := yaml.Unmarshal(raw, &rule); err != nil {
		t.Fatal(err)
	}
	explained := strings.Count(observabilityText, "\n### KongLatency")
	for _, g := range rule.Spec.Groups {
		for _, r := range g.Rules {
			explained--
			if !strings.Contains(observabilityText, "\n### "+r.Alert+"\n") {
				t.Errorf("alert %s has no section", r.Alert)
			}
			if !strings.HasSuffix(r.Annotations["runbook_url"], "/docs/observability.md#"+strings.ToLower(r.Alert)) {
				t.Errorf("alert %s: its runbook is %s", r.Alert, r.Annotations["runbook_url"])
			}
		}
	}
	if explained != 0 {
		t.Errorf("the page has %d more sections than there are alerts", explained)
	}
}

func TestObservabilityPageRefuses(t *testing.T) {
	good := metrics.Metric{Name: "a", Type: metrics.Gauge, Help: "A.", Processes: []metrics.Process{metrics.Webhook}}
	mute, odd := good, good
	mute.Help = ""
	odd.Labels = []metrics.Label{{Name: "b"}}
	for want, m := range map[string]metrics.Metric{"needs a name": mute, `label "b"`: odd} {
		if _, err := observabilityPage([]metrics.Metric{good}, []metrics.Metric{m}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
