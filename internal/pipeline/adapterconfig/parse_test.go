package adapterconfig

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// TestParseFatal: everything that makes the adapter exit, with its place.
func TestParseFatal(t *testing.T) {
	type place struct {
		Kind ErrorKind
		Path string
	}
	for name, tc := range map[string]struct {
		doc  string
		want []place
	}{
		"row 3: short name":          {"rules: [{resources: {overrides: {a: {resource: svc}}}}]", []place{{ErrorResource, "rules[0].resources.overrides[a]"}}},
		"row 5: group core":          {"rules: [{resources: {overrides: {a: {group: core, resource: service}}}}]", []place{{ErrorResource, "rules[0].resources.overrides[a]"}}},
		"group v1":                   {"rules: [{resources: {overrides: {a: {group: v1, resource: service}}}}]", []place{{ErrorResource, "rules[0].resources.overrides[a]"}}},
		"group apps for service":     {"rules: [{resources: {overrides: {a: {group: apps, resource: service}}}}]", []place{{ErrorResource, "rules[0].resources.overrides[a]"}}},
		"dotted resource":            {"rules: [{resources: {overrides: {a: {resource: deployments.apps}}}}]", []place{{ErrorResource, "rules[0].resources.overrides[a]"}}},
		"resource with a blank":      {"rules: [{resources: {overrides: {a: {resource: 'service '}}}}]", []place{{ErrorResource, "rules[0].resources.overrides[a]"}}},
		"no resource":                {"rules: [{resources: {overrides: {a: {group: apps}}}}]", []place{{ErrorResource, "rules[0].resources.overrides[a].resource"}}},
		"null override":              {"rules: [{resources: {overrides: {a: }}}]", []place{{ErrorResource, "rules[0].resources.overrides[a].resource"}}},
		"row 25: bad matches":        {"rules: [{name: {matches: '(['}}]", []place{{ErrorRegexp, "rules[0].name.matches"}}},
		"lookahead in matches":       {"rules: [{name: {matches: 'a(?=b)'}}]", []place{{ErrorRegexp, "rules[0].name.matches"}}},
		"two groups without as":      {"rules: [{name: {matches: '(a)(b)'}}]", []place{{ErrorNameAs, "rules[0].name.as"}}},
		"bad filter":                 {"rules: [{seriesFilters: [{is: a}, {isNot: '('}]}]", []place{{ErrorRegexp, "rules[0].seriesFilters[1].isNot"}}},
		"filter with both":           {"rules: [{seriesFilters: [{is: a, isNot: b}]}]", []place{{ErrorFilter, "rules[0].seriesFilters[0]"}}},
		"filter with neither":        {"rules: [{seriesFilters: [{}]}]", []place{{ErrorFilter, "rules[0].seriesFilters[0]"}}},
		"filter with empty strings":  {"rules: [{seriesFilters: [{is: '', isNot: ''}]}]", []place{{ErrorFilter, "rules[0].seriesFilters[0]"}}},
		"resource template syntax":   {"rules: [{resources: {template: '<<.Resource'}}]", []place{{ErrorTemplate, "rules[0].resources.template"}}},
		"resource template field":    {"rules: [{resources: {template: '<<.Resource>>_<<.Kind>>'}}]", []place{{ErrorTemplate, "rules[0].resources.template"}}},
		"resource template constant": {"rules: [{resources: {template: service}}]", []place{{ErrorTemplate, "rules[0].resources.template"}}},
		"resource template of group": {"rules: [{resources: {template: 'a_<<.Group>>'}}]", []place{{ErrorTemplate, "rules[0].resources.template"}}},
		"resource template braces":   {"rules: [{resources: {template: '{{.Resource}}'}}]", []place{{ErrorTemplate, "rules[0].resources.template"}}},
		"resource template pattern":  {"rules: [{resources: {template: '(<<.Resource>>'}}]", []place{{ErrorTemplate, "rules[0].resources.template"}}},
		"query template syntax":      {"rules: [{metricsQuery: '<<if>>'}]", []place{{ErrorTemplate, "rules[0].metricsQuery"}}},
		"query template function":    {"rules: [{metricsQuery: '<<nope .Series>>'}]", []place{{ErrorTemplate, "rules[0].metricsQuery"}}},
		"external rules count":       {"externalRules: [{}, {metricsQuery: '<<'}]", []place{{ErrorTemplate, "externalRules[1].metricsQuery"}}},
		"resource rules count":       {"resourceRules: {cpu: {nodeQuery: '<<', resources: {overrides: {a: {resource: po}}}}, window: 1m}", []place{{ErrorTemplate, "resourceRules.cpu.nodeQuery"}, {ErrorResource, "resourceRules.cpu.resources.overrides[a]"}}},
		"all at once": {"rules: [{name: {matches: '(['}, seriesFilters: [{}]}, {metricsQuery: '<<'}]", []place{
			{ErrorFilter, "rules[0].seriesFilters[0]"}, {ErrorRegexp, "rules[0].name.matches"}, {ErrorTemplate, "rules[1].metricsQuery"},
		}},

		"rules as in the chart's values": {"rules: {custom: [{seriesQuery: up}]}", []place{{ErrorYAML, "rules"}}},
		"unknown key":                    {"rules: [{seriesQuery: up, query: up}]", []place{{ErrorYAML, "rules[0].query"}}},
		"unknown top-level key":          {"rule: []", []place{{ErrorYAML, "rule"}}},
		"mis-cased key":                  {"rules: [{seriesquery: up}]", []place{{ErrorYAML, "rules[0].seriesquery"}}},
		"duplicate key":                  {"rules: [{seriesQuery: up, seriesQuery: up}]", []place{{ErrorYAML, "rules[0].seriesQuery"}}},
		"duplicate top-level key":        {"rules: []\nrules: []", []place{{ErrorYAML, "rules"}}},
		"duplicate override":             {"rules: [{resources: {overrides: {a: {resource: pod}, a: {resource: pod}}}}]", []place{{ErrorYAML, "rules[0].resources.overrides[a]"}}},
		"list for a string":              {"rules: [{seriesQuery: [up]}]", []place{{ErrorYAML, "rules[0].seriesQuery"}}},
		"mapping for a list":             {"rules: [{seriesFilters: {is: a}}]", []place{{ErrorYAML, "rules[0].seriesFilters"}}},
		"string for a mapping":           {"rules: [{name: x}]", []place{{ErrorYAML, "rules[0].name"}}},
		"string for an override":         {"rules: [{resources: {overrides: {a: service}}}]", []place{{ErrorYAML, "rules[0].resources.overrides[a]"}}},
		"word for a boolean":             {"rules: [{resources: {namespaced: maybe}}]", []place{{ErrorYAML, "rules[0].resources.namespaced"}}},
		"bad window":                     {"resourceRules: {window: soon}", []place{{ErrorYAML, "resourceRules.window"}}},
		"list for the document":          {"- seriesQuery: up", []place{{ErrorYAML, ""}}},
		"text for the document":          {"nothing", []place{{ErrorYAML, ""}}},
		"tab":                            {"rules:\n\t- seriesQuery: up", []place{{ErrorYAML, ""}}},
		"syntax":                         {"rules: [", []place{{ErrorYAML, ""}}},
		"an unknown key and a bad regexp": {"rules: [{nope: 1, name: {matches: '('}}]", []place{
			{ErrorYAML, "rules[0].nope"}, {ErrorRegexp, "rules[0].name.matches"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(tc.doc), CoreResources)
			var errs Errors
			if !errors.As(err, &errs) {
				t.Fatalf("got %v, want Errors", err)
			}
			var got []place
			for _, e := range errs {
				got = append(got, place{e.Kind, e.Path.String()})
				if e.Reason == "" || strings.Contains(e.Error(), "\n\n") {
					t.Errorf("unhelpful message %q", e.Error())
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s%v", diff, err)
			}
		})
	}
}

func TestParseMessage(t *testing.T) {
	_, err := Parse([]byte("rules:\n- seriesquery: up"), CoreResources)
	want := "rules[0].seriesquery: is unknown (line 2); allowed are metricsQuery, name, resources, seriesFilters, seriesQuery"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	var single *Error
	if !errors.As(err, &single) || single.Kind != ErrorYAML {
		t.Errorf("the single mistake is not reached by errors.As: %+v", single)
	}
}

// TestParseAccepts: what looks wrong but does not stop the adapter.
func TestParseAccepts(t *testing.T) {
	for name, doc := range map[string]string{
		"JSON":                      `{"rules": [{"seriesQuery": "up", "resources": {"overrides": {"a": {"resource": "service"}}}}]}`,
		"second document":           "rules: []\n---\nnonsense: true\n",
		"nulls":                     "rules:\nexternalRules: ~\nresourceRules:\n",
		"null fields":               "rules: [{seriesQuery: , name: , resources: , seriesFilters: }]",
		"empty":                     "",
		"comment only":              "# nothing",
		"number for a string":       "rules: [{name: {as: 1}}]",
		"anchors":                   "rules: [&a {seriesQuery: up}, *a]",
		"resource in other case":    "rules: [{resources: {overrides: {a: {resource: SerVice}}}}]",
		"resource in the plural":    "rules: [{resources: {overrides: {a: {resource: services}}}}]",
		"prefix of the group":       "rules: [{resources: {overrides: {a: {group: networking, resource: ingress}}}}]",
		"resource without a group":  "rules: [{resources: {overrides: {a: {resource: deployment}}}}]",
		"neither template nor over": "rules: [{seriesQuery: up}]",
		"bad seriesQuery":           "rules: [{seriesQuery: 'sum('}]",
		"no metricsQuery":           "rules: [{seriesQuery: up}]",
		"metricsQuery no PromQL":    "rules: [{metricsQuery: 'sum('}]",
		"unknown query variable":    "rules: [{metricsQuery: '<<.Nope>>'}]",
		"one group without as":      "rules: [{name: {matches: '(a)'}}]",
		"two groups, as":            "rules: [{name: {matches: '(a)(b)', as: '$2'}}]",
		"as with an unknown group":  "rules: [{name: {as: '$7'}}]",
		"namespaced":                "rules: [{resources: {namespaced: false}}]",
		"resource twice":            "rules: [{resources: {template: '<<.Resource>>_<<.Resource>>'}}]",
		"window of zero":            "resourceRules: {window: 0s}",
	} {
		if _, err := Parse([]byte(doc), CoreResources); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRelistErrors(t *testing.T) {
	for query, bad := range map[string]bool{
		`up`: false, `{__name__=~"a.+"}`: false, `up{a="b"}`: false, `{a!=""}`: false, `{"up"}`: false,
		``: true, `{}`: true, `{a=""}`: true, `{__name__=~".*"}`: true, `sum(up)`: true, `up[5m]`: true, `up{`: true,
		`up{a=~"("}`: true, `up offset 5m`: true, `{a="b"} or {c="d"}`: true,
	} {
		c := mustParse(t, "rules: [{seriesQuery: '"+query+"'}]")
		errs := c.RelistErrors()
		if got := len(errs) > 0; got != bad {
			t.Errorf("%s: refused is %v, want %v: %v", query, got, bad, errs)
		}
		if bad && errs[0].Path.String() != "rules[0].seriesQuery" {
			t.Errorf("%s: path %s", query, errs[0].Path)
		}
	}
	if errs := mustParse(t, "externalRules: [{seriesQuery: 'sum('}]").RelistErrors(); len(errs) > 0 {
		t.Errorf("external rules have a relist of their own: %v", errs)
	}
}

func TestCheckIntervals(t *testing.T) {
	rules := mustParse(t, "rules: [{seriesQuery: up}]")
	if err := rules.CheckIntervals(time.Minute, 30*time.Second); err == nil {
		t.Error("a shorter age must be refused")
	}
	for _, age := range []time.Duration{0, time.Minute, time.Hour} {
		if err := rules.CheckIntervals(time.Minute, age); err != nil {
			t.Errorf("age %s: %v", age, err)
		}
	}
	if err := mustParse(t, "").CheckIntervals(time.Minute, time.Second); err != nil {
		t.Errorf("without rules the flags do not count: %v", err)
	}
}

func TestLongTextsAreCut(t *testing.T) {
	_, err := Parse([]byte("rules: [{name: {matches: '"+strings.Repeat("(", 10_000)+"'}}]"), CoreResources)
	if err == nil || len(err.Error()) > 3*finding.MaxQuote {
		t.Errorf("got a message of %d bytes", len(err.Error()))
	}
}
