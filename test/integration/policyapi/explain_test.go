package policyapi

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// fields walks a schema and calls visit for every field below it, with its path as
// for kubectl explain.
func fields(path string, s *apiextensionsv1.JSONSchemaProps, visit func(path string, s *apiextensionsv1.JSONSchemaProps)) {
	for s.Items != nil && s.Items.Schema != nil {
		s = s.Items.Schema
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		field := s.Properties[name]
		visit(path+"."+name, &field)
		fields(path+"."+name, &field, visit)
	}
}

func TestEveryFieldHasADescription(t *testing.T) {
	root := schema(t)
	if root.Description == "" {
		t.Error("latencypolicy has no description")
	}
	seen := 0
	for _, part := range []string{"spec", "status"} {
		top := root.Properties[part]
		if top.Description == "" {
			t.Errorf("%s has no description", part)
		}
		fields(part, &top, func(path string, s *apiextensionsv1.JSONSchemaProps) {
			seen++
			name := path[strings.LastIndex(path, ".")+1:]
			switch {
			case s.Description == "":
				t.Errorf("%s has no description", path)
			case strings.HasPrefix(s.Description, strings.ToUpper(name[:1])+name[1:]+" "):
				t.Errorf("the description of %s speaks of Go's field: %s", path, s.Description)
			}
		})
	}
	if seen < 50 {
		t.Errorf("the schema has %d fields only", seen)
	}
}

// explained is a line of kubectl explain --recursive: depth by indentation, name, type.
var explained = regexp.MustCompile(`(?m)^( +)(\w+)\t<`)

func TestExplainShowsEveryField(t *testing.T) {
	spec := schema(t).Properties["spec"]
	var want []string
	fields("spec", &spec, func(path string, _ *apiextensionsv1.JSONSchemaProps) { want = append(want, path) })

	var got []string
	parents := []string{"spec"}
	for _, line := range explained.FindAllStringSubmatch(kubectl(t, "explain", "latencypolicy.spec", "--recursive"), -1) {
		parents = append(parents[:len(line[1])/2], line[2])
		got = append(got, strings.Join(parents, "."))
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kubectl explain shows other fields than the definition has (-definition +explain):\n%s", diff)
	}
}

func TestExplainGivesText(t *testing.T) {
	spec := schema(t).Properties["spec"]
	paths := []string{"", ".spec", ".status"}
	for _, name := range slices.Sorted(maps.Keys(spec.Properties)) {
		paths = append(paths, ".spec."+name)
	}
	for _, path := range paths {
		out := kubectl(t, "explain", "lp"+path)
		_, text, ok := strings.Cut(out, "DESCRIPTION:")
		if !ok || len(strings.TrimSpace(text)) < 40 || strings.Contains(text, "<empty>") {
			t.Errorf("kubectl explain lp%s gives too little:\n%s", path, out)
		}
	}
}
