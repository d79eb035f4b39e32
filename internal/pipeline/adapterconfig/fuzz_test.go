package adapterconfig

import (
	"errors"
	"testing"
)

func FuzzParse(f *testing.F) {
	for _, doc := range []string{
		seedRule, "", "rules: [{}]", `{"rules": []}`,
		"rules: [&a {seriesQuery: up}, *a]",
		"rules: [{resources: {template: '<<.Resource>>'}, metricsQuery: '<<range 9>><<end>>'}]",
		"rules: [{name: {matches: '(a{9}){9}', as: '${1}$$'}}]",
		"rules: [{seriesFilters: [{is: a}, {isNot: b}]}]\n---\nx",
		"a: &a [*a]", "? {}\n: x", "rules:\n\t- x", "!!binary x: y", "<<: {rules: []}",
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		if _, err := Parse(doc, CoreResources); err != nil {
			var errs Errors
			if !errors.As(err, &errs) || len(errs) == 0 || err.Error() == "" {
				t.Fatalf("an error must list its places: %#v", err)
			}
		}
	})
}
