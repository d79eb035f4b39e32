package adapterrule

import (
	"github.com/kong-latency/kong-latency/internal/finding"
)

// The reasons about the rule of prometheus-adapter that is to make the metric.
var (
	Missing = &finding.Reason{
		Name: "AdapterRuleMissing", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "No rule of prometheus-adapter makes the metric, and none was meant to.",
		Fix:     "Add the rule at the end of the list, and restart the adapter.",
	}
	External = &finding.Reason{
		Name: "AdapterRuleExternal", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The rule is under externalRules. Those serve another API than the one that has metrics of a Service.",
		Fix:     "Put the rule under rules, and restart the adapter.",
	}
	NameDiffers = &finding.Reason{
		Name: "AdapterRuleNameDiffers", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "A rule for the latency makes a metric of another name than the one that is requested.",
		Fix:     "Give the metric that name, or request the one that the rule makes with the annotation kong.latency/metric.",
	}
	SeriesMismatch = &finding.Reason{
		Name: "AdapterRuleSeriesMismatch", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The rule's seriesQuery, a filter of it, or its name.matches leaves out every series of the Service, so that the metric is never listed.",
		Fix:     "Let the rule match the series with the labels that they have.",
	}
	LabelMismatch = &finding.Reason{
		Name: "AdapterRuleLabelMismatch", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The labels that the rule maps to the Service and its namespace, those that its query keeps, and those that the series have are not the same.",
		Fix:     "Use the rule that the finding prints: it maps labels that the series have however they are scraped, and keeps the Service's by sum by (…).",
	}
	QueryBroken = &finding.Reason{
		Name: "AdapterRuleQueryBroken", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The rule's metricsQuery gives no value: it is empty, no PromQL, gives no vector, or finds nothing.",
		Fix:     "Correct the query, and restart the adapter.",
	}
	MixesServices = &finding.Reason{
		Name: "AdapterRuleMixesServices", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The rule's metricsQuery does not use the namespace or the name that is requested, so that the value is mixed with that of other Services.",
		Fix:     "Put <<.LabelMatchers>> into every selector of the query.",
	}
	Ambiguous = &finding.Reason{
		Name: "AdapterRuleAmbiguous", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "What the rule queries depends on chance: it maps several labels to one resource, or uses <<.Series>> where several series make the metric.",
		Fix:     "Map one label to each resource, and name the series in the query.",
	}
	Shadowed = &finding.Reason{
		Name: "AdapterRuleShadowed", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "A rule would serve the metric, and a later one that does not replaces it: of several rules that make a metric the last wins.",
		Fix:     "Remove the later rule, or correct it.",
	}
	NotAggregated = &finding.Reason{
		Name: "AdapterRuleNotAggregated", Severity: finding.Warning, Wait: finding.ForChange, Hop: Hop,
		Summary: "The rule serves the metric while one data plane measures the Service. With several its query fails, or an arbitrary one of them counts.",
		Fix:     "Aggregate the series by the label that carries the Service's name.",
	}
	Undecided = &finding.Reason{
		Name: "AdapterRuleUndecided", Severity: finding.Unknown, Wait: finding.ForChange, Hop: Hop,
		Summary: "Whether a rule serves the metric depends on what cannot be known: series of other objects, values, relabelings that compute labels.",
		Fix:     "Add a rule that does not depend on it, at the end of the list.",
	}
)
