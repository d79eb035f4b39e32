package pipelinetest

import (
	"testing"
)

// A sentence is no YAML.
func TestFixDocuments(t *testing.T) {
	for fix, want := range map[string]int{
		"Correct the port of the monitor.":              0,
		"Set spec.endpoints[0].port: http.":             0,
		"kind: A\n---\nkind: B\n":                       2,
		"# put at the end of rules\n- seriesQuery: x\n": 1,
		"rules:\n  custom: []\n":                        1,
		"kind: A\n---\nand then restart the pods":       0,
		"": 0,
	} {
		if got := len(Documents(fix)); got != want {
			t.Errorf("%q: got %d documents, want %d", fix, got, want)
		}
	}
}
