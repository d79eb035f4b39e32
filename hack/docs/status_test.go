package main

import (
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
)

// The page describes each column that kubectl prints, each condition and each field.
func TestStatusPageIsComplete(t *testing.T) {
	var definition struct {
		Spec struct {
			Versions []struct {
				AdditionalPrinterColumns []struct {
					Name     string
					Priority int
				}
				Schema struct {
					OpenAPIV3Schema struct {
						Properties struct {
							Status struct{ Properties map[string]any }
						}
					}
				}
			}
		}
	}
	raw := read(t, filepath.Join("..", "..", "config", "crd", "kong.latency_latencyautoscalers.yaml"))
	if err := yaml.Unmarshal([]byte(raw), &definition); err != nil {
		t.Fatal(err)
	}
	version := definition.Spec.Versions[0]
	if len(version.AdditionalPrinterColumns) == 0 || len(version.Schema.OpenAPIV3Schema.Properties.Status.Properties) == 0 {
		t.Fatal("the definition has no columns or no fields")
	}
	row := func(first string) string {
		for line := range strings.Lines(statusText) {
			if cell, rest, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |"); strings.HasPrefix(line, "| ") && strings.Contains(cell, "`"+first+"`") {
				return rest
			}
		}
		return ""
	}
	for _, c := range version.AdditionalPrinterColumns {
		text := row(strings.ToUpper(c.Name))
		if text == "" {
			t.Errorf("column %s is not described", c.Name)
		}
		if strings.Contains(text, "-o wide") != (c.Priority > 0) {
			t.Errorf("column %s of priority %d is described by %q", c.Name, c.Priority, text)
		}
	}
	for _, condition := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionAttached, v1alpha1.ConditionMetricAvailable, v1alpha1.ConditionAbleToScale} {
		if row(condition) == "" {
			t.Errorf("condition %s is not described", condition)
		}
	}
	for field := range version.Schema.OpenAPIV3Schema.Properties.Status.Properties {
		if field != "conditions" && field != "observedGeneration" && row("status."+field) == "" {
			t.Errorf("field %s is not described", field)
		}
	}
}
