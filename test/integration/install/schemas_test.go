package install

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// schemaLocation is where kubeconform finds what writeSchemas writes.
const schemaLocation = "{{.Group}}-{{.ResourceAPIVersion}}-{{.ResourceKind}}{{.StrictSuffix}}.json"

// writeSchemas writes a JSON schema of every kind that the API server has, including
// custom ones, from its OpenAPI documents. Unknown fields are not allowed.
func writeSchemas(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	paths, err := served.OpenAPIV3().Paths()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		raw, err := paths[path].Schema("application/json")
		if err != nil {
			t.Fatalf("read the description of %s: %v", path, err)
		}
		var document struct {
			Components struct {
				Schemas map[string]map[string]any `json:"schemas"`
			} `json:"components"`
		}
		if err := json.Unmarshal(raw, &document); err != nil {
			t.Fatalf("decode the description of %s: %v", path, err)
		}
		schemas := document.Components.Schemas
		for _, schema := range schemas {
			convert(schema)
		}
		for _, name := range slices.Sorted(maps.Keys(schemas)) {
			for _, file := range files(schemas[name]) {
				standalone := map[string]any{"$ref": "#/definitions/" + name, "definitions": reachable(schemas, name)}
				raw, err := json.Marshal(standalone)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(folder, file), raw, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return folder
}

// files returns the names under which kubeconform looks for the schema.
func files(schema map[string]any) []string {
	kinds, _ := schema["x-kubernetes-group-version-kind"].([]any)
	var out []string
	for _, k := range kinds {
		kind, _ := k.(map[string]any)
		group := kind["group"]
		if group == "" {
			group = kind["version"]
		}
		out = append(out, strings.ToLower(fmt.Sprintf("%s-%s-%s-strict.json", group, kind["version"], kind["kind"])))
	}
	return out
}

const reference = "#/components/schemas/"

// convert converts OpenAPI to JSON schema, in place.
func convert(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			convert(e)
		}
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			v["$ref"] = "#/definitions/" + strings.TrimPrefix(ref, reference)
		}
		_, closed := v["additionalProperties"]
		open, _ := v["x-kubernetes-preserve-unknown-fields"].(bool)
		if _, object := v["properties"].(map[string]any); object && !closed && !open {
			v["additionalProperties"] = false
		}
		for _, e := range v {
			convert(e)
		}
	}
}

// reachable returns the schemas that one references, including itself.
func reachable(schemas map[string]map[string]any, name string) map[string]any {
	out := map[string]any{}
	var add func(string)
	var follow func(any)
	add = func(name string) {
		if _, ok := out[name]; !ok {
			out[name] = schemas[name]
			follow(schemas[name])
		}
	}
	follow = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				follow(e)
			}
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				add(strings.TrimPrefix(ref, "#/definitions/"))
			}
			for _, e := range v {
				follow(e)
			}
		}
	}
	add(name)
	return out
}
