package adapterconfig_test

import (
	"testing"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

func TestFilterIndex(t *testing.T) {
	for want, paths := range map[int][]adapterconfig.Path{
		2:  {{"rules", "0", "seriesFilters", "2"}, {"externalRules", "0", "seriesFilters", "2", "is"}},
		-1: {nil, {"rules", "2"}, {"rules", "0", "seriesFilters"}, {"rules", "0", "name", "matches"}},
	} {
		for _, p := range paths {
			got, ok := p.FilterIndex()
			if !ok {
				got = -1
			}
			if got != want {
				t.Errorf("%s: got %d, want %d", p, got, want)
			}
		}
	}
}

func TestPath(t *testing.T) {
	const none = -1
	for _, tc := range []struct {
		path adapterconfig.Path
		text string
		rule int
	}{
		{nil, "", none},
		{adapterconfig.Path{"rules"}, "rules", none},
		{adapterconfig.Path{"rule", "0"}, "rule.0", none},
		{adapterconfig.Path{"rules", "3"}, "rules[3]", 3},
		{adapterconfig.Path{"rules", "12", "metricsQuery"}, "rules[12].metricsQuery", 12},
		{adapterconfig.Path{"rules", "3", "seriesFilters", "0", "is"}, "rules[3].seriesFilters[0].is", 3},
		{adapterconfig.Path{"rules", "3", "resources", "overrides", "overrides", "resource"}, "rules[3].resources.overrides[overrides].resource", 3},
		{adapterconfig.Path{"rules", "3", "0"}, "rules[3].0", 3},
		{adapterconfig.Path{"externalRules", "1", "name", "as"}, "externalRules[1].name.as", none},
		{adapterconfig.Path{"resourceRules", "cpu", "nodeQuery"}, "resourceRules.cpu.nodeQuery", none},
	} {
		if got := tc.path.String(); got != tc.text {
			t.Errorf("%q: got %s, want %s", []string(tc.path), got, tc.text)
		}
		i, ok := tc.path.RuleIndex()
		if !ok {
			i = none
		}
		if i != tc.rule {
			t.Errorf("%s: rule %d, want %d", tc.path, i, tc.rule)
		}
	}
}
