package adapterrule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/rulecheck"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// recorded says why series that the source does not expose may exist all the same: a rule
// records them, or may. It is empty if the verdict has another reason, or nothing does.
func (c ruleCase) recorded() string {
	v := c.verdict
	if v.Kind != rulecheck.SeriesQueryMatchesNothing && v.Kind != rulecheck.SelectorMatchesNothing ||
		!c.intended() || v.Mismatch == nil || v.Mismatch.Label != model.MetricNameLabel {
		return ""
	}
	known := c.Snapshot.RecordingRules
	for _, r := range known.Items {
		if slices.ContainsFunc(r.Records, func(x sim.Record) bool { return v.Mismatch.NameMatches(x.Name) }) {
			return fmt.Sprintf("PrometheusRule %s/%s records; what it records is not followed", r.Namespace, r.Name)
		}
	}
	family, _, _ := strings.Cut(c.histogram.Name, "_")
	switch name := v.Mismatch.Name(); {
	case strings.Contains(name, ":"):
		return "is named as recording rules name theirs; what it records is not followed"
	case known.State != pipeline.Known:
		return fmt.Sprintf("a PrometheusRule may record, and those are not known: %s", known.State.Because(known.Why))
	case c.scrape.Works != nil && c.scrape.Works.Prometheus == nil:
		return "whatever the adapter queries may record; what it records is not followed"
	case name != "" && !strings.HasPrefix(name, family+"_") && !sim.OfTarget(name):
		return "something else may expose"
	}
	return ""
}
