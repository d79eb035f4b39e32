package loadmetric_test

import (
	"slices"
	"testing"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/loadmetric"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/adapterrule"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/test/testutil"
)

// TestJudge attaches what is served, omits what is not, and where that is not known keeps
// what is attached and trusts a number that somebody chose.
func TestJudge(t *testing.T) {
	missing := []finding.Finding{adapterrule.Missing.On(finding.Object{}, "no rule")}
	unknown := []finding.Finding{{Reason: adapterrule.Missing, Severity: finding.Unknown}}
	other := []finding.Finding{servicemonitor.NotFound.On(finding.Object{}, "not scraped")}
	for name, tt := range map[string]struct {
		setting string
		loadmetric.Evidence
		omitted bool
		reason  string
	}{
		"served":                                  {setting: "auto"},
		"served, and the metric is not scraped":   {setting: "auto", Evidence: loadmetric.Evidence{Findings: other}},
		"no rule":                                 {"auto", loadmetric.Evidence{Findings: missing}, true, "LoadMetricMissing"},
		"no rule any more":                        {"auto", loadmetric.Evidence{Findings: missing, Attached: true}, true, "LoadMetricMissing"},
		"no rule for a number":                    {"50", loadmetric.Evidence{Findings: missing}, true, "LoadMetricMissing"},
		"no rule that is known, and it is read":   {"auto", loadmetric.Evidence{Findings: missing, Attached: true, Read: true}, false, ""},
		"unknown":                                 {"auto", loadmetric.Evidence{Findings: unknown}, true, "LoadMetricUnknown"},
		"unknown, without a finding":              {"auto", loadmetric.Evidence{Unjudged: true}, true, "LoadMetricUnknown"},
		"unknown, and attached":                   {"auto", loadmetric.Evidence{Findings: unknown, Attached: true}, false, "LoadMetricUnknown"},
		"no rule, and nobody named it":            {"", loadmetric.Evidence{Findings: missing}, true, "LoadMetricMissing"},
		"unknown, and nobody named it":            {"", loadmetric.Evidence{Findings: unknown}, true, ""},
		"unknown, for a number that somebody set": {"50", loadmetric.Evidence{Findings: unknown}, false, "LoadMetricUnknown"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := testutil.Settings()
			if tt.setting != "" {
				settings = testutil.Settings("requests-per-second-per-pod", tt.setting)
			}
			p := testutil.Plan(t, settings)
			omitted, unserved := loadmetric.Judge(p, func(metric string) loadmetric.Evidence {
				if metric != annotations.RequestsMetric {
					t.Errorf("%s is judged", metric)
				}
				return tt.Evidence
			})
			if got := slices.Contains(omitted, annotations.RequestsMetric); got != tt.omitted {
				t.Errorf("omitted is %v, want %v", got, tt.omitted)
			}
			reason := ""
			if len(unserved) > 0 {
				reason = unserved[0].Reason.Name
			}
			if reason != tt.reason {
				t.Errorf("finding %q, want %q", reason, tt.reason)
			}
			p.Omitted = omitted
			if loads := p.Loads(); (len(loads) == 0) != tt.omitted {
				t.Errorf("the autoscaler has %+v", loads)
			}
		})
	}
}
