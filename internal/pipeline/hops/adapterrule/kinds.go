package adapterrule

import (
	"fmt"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/rulecheck"
)

// kind is what follows from a kind of verdict.
type kind struct {
	// reason of the finding; QueryBroken if nil.
	reason *finding.Reason
	// anyLabels: other labels of the series could not give another answer.
	anyLabels bool
	// near: the rule comes near the metric, perhaps by chance.
	near bool
	// evidence says what is wrong where; the reason of the verdict if nil.
	evidence func(ruleCase, rulecheck.Verdict) string
}

var kinds = map[rulecheck.Kind]kind{
	rulecheck.NoRules: {reason: Missing, anyLabels: true, evidence: func(c ruleCase, _ rulecheck.Verdict) string {
		return fmt.Sprintf("there are no rules, so that nothing makes %s", c.Subject.Metric)
	}},
	rulecheck.NoSeries: {evidence: func(c ruleCase, _ rulecheck.Verdict) string {
		return fmt.Sprintf("it is not known which labels the series of the Service have, so no rule can be judged for %s", c.Subject.Metric)
	}},
	rulecheck.ExternalRule: {reason: External, anyLabels: true, evidence: func(c ruleCase, v rulecheck.Verdict) string {
		return fmt.Sprintf("%s makes %s in the external metrics API, and an autoscaler requests it from the custom metrics API, which is served by rules", v.Path, c.Subject.Metric)
	}},
	rulecheck.NameDiffers: {reason: NameDiffers, anyLabels: true, near: true, evidence: func(c ruleCase, v rulecheck.Verdict) string {
		return fmt.Sprintf("%s makes %s of the series of the Service, not %q", v.Path, quoteAll(v.Names), c.Subject.Metric)
	}},
	rulecheck.SeriesQueryMatchesNothing: {reason: SeriesMismatch, near: true, evidence: func(_ ruleCase, v rulecheck.Verdict) string {
		return fmt.Sprintf("%s finds none of the series of the Service: %s", v.Path, mismatchText(v.Mismatch))
	}},
	rulecheck.SeriesFiltered: {reason: SeriesMismatch, anyLabels: true, near: true, evidence: func(c ruleCase, v rulecheck.Verdict) string {
		return fmt.Sprintf("%s, %q, leaves out every series of the Service", v.Path, shortText(c.filter()))
	}},
	rulecheck.RulePinned: {evidence: func(_ ruleCase, v rulecheck.Verdict) string {
		return fmt.Sprintf("%s serves the metric only while other objects have series: %s", v.Path, mismatchText(v.Mismatch))
	}},
	rulecheck.RuleShadowed: {evidence: func(_ ruleCase, v rulecheck.Verdict) string {
		return fmt.Sprintf("%s comes after rules[%d] and replaces it, without serving the metric (%s), if other objects have series that it matches", v.Path, v.Earlier, v.Reason)
	}},

	rulecheck.ServiceNotMapped: {reason: LabelMismatch, anyLabels: true, evidence: func(c ruleCase, _ rulecheck.Verdict) string { return c.unmapped() }},
	rulecheck.ServiceLabelAbsent: {reason: LabelMismatch, evidence: func(c ruleCase, v rulecheck.Verdict) string {
		return fmt.Sprintf("%s maps label %s to Services, which the series do not have; %s", v.Path, listText(v.Labels), c.carriers())
	}},
	rulecheck.NamespaceNotMapped: {reason: LabelMismatch, anyLabels: true, evidence: func(_ ruleCase, v rulecheck.Verdict) string {
		return fmt.Sprintf("%s maps no label to namespaces, so that every request gets 404: %s", v.Path, shortText(v.Reason))
	}},
	rulecheck.LabelLost: {reason: LabelMismatch, evidence: func(c ruleCase, v rulecheck.Verdict) string {
		return fmt.Sprintf("%s loses label %s, which the rule maps to Services: it must be kept by `by (%[2]s)`, and the query is %s", v.Path, listText(v.Labels), c.query())
	}},
	rulecheck.OtherObject: {reason: LabelMismatch, evidence: func(c ruleCase, v rulecheck.Verdict) string {
		return fmt.Sprintf("%s gives samples whose label %s says %s, not %q", v.Path, listText(v.Labels), quoteAll(v.Names), c.Subject.Service)
	}},
	rulecheck.LabelsNondeterministic: {reason: Ambiguous, evidence: func(_ ruleCase, v rulecheck.Verdict) string {
		return fmt.Sprintf("%s maps several labels to one resource (%s), of which the adapter uses an arbitrary one, and not all of them work", v.Path, listText(v.Labels))
	}},
	rulecheck.SeriesNondeterministic: {reason: Ambiguous, evidence: func(_ ruleCase, v rulecheck.Verdict) string {
		return fmt.Sprintf("%s uses <<.Series>>, which is an arbitrary one of %s", v.Path, listText(v.Names))
	}},

	rulecheck.SelectorMatchesNothing: {reason: LabelMismatch, evidence: func(_ ruleCase, v rulecheck.Verdict) string {
		return fmt.Sprintf("%s selects none of the series by %s: %s", v.Path, shortText(v.Mismatch.Selector), mismatchText(v.Mismatch))
	}},
	rulecheck.NamespaceIgnored: {reason: MixesServices, evidence: func(c ruleCase, v rulecheck.Verdict) string {
		return fmt.Sprintf("%s mixes the Service with those of the same name in other namespaces: %s", v.Path, counted(c, v))
	}},
	rulecheck.ServiceIgnored: {reason: MixesServices, evidence: func(c ruleCase, v rulecheck.Verdict) string {
		return fmt.Sprintf("%s mixes the Service with others of its namespace: %s", v.Path, counted(c, v))
	}},
	rulecheck.SidesNeverMatch: {evidence: func(_ ruleCase, v rulecheck.Verdict) string {
		return fmt.Sprintf("%s gives nothing, as the labels of the two sides never agree in %s", v.Path, shortText(v.Reason))
	}},
	rulecheck.QueryGivesNothing: {evidence: func(c ruleCase, v rulecheck.Verdict) string {
		return fmt.Sprintf("%s gives no sample: %s", v.Path, c.query())
	}},
	rulecheck.QueryEmpty: {anyLabels: true, evidence: func(_ ruleCase, v rulecheck.Verdict) string {
		return fmt.Sprintf("%s is empty, so that every request gets 404", v.Path)
	}},
	rulecheck.QueryUndecided:     {evidence: func(c ruleCase, _ rulecheck.Verdict) string { return c.unanswered("judged") }},
	rulecheck.QueryTemplateFails: {anyLabels: true},
	rulecheck.QueryInvalid:       {anyLabels: true},
	rulecheck.QueryNotVector:     {anyLabels: true},
}
