package adapterrule

import (
	"github.com/kong-latency/kong-latency/internal/finding"
)

// The reasons about the rule of prometheus-adapter that is to make the metric.
var (
	Missing = Hop.Reason("AdapterRuleMissing", finding.Error, finding.ForChange,
		"No rule of prometheus-adapter makes the metric, and none was meant to.",
		"Add the rule at the end of the list, and restart the adapter.")
	External = Hop.Reason("AdapterRuleExternal", finding.Error, finding.ForChange,
		"The rule is under externalRules. Those serve another API than the one that has metrics of a Service.",
		"Put the rule under rules, and restart the adapter.")
	NameDiffers = Hop.Reason("AdapterRuleNameDiffers", finding.Error, finding.ForChange,
		"A rule for the latency makes a metric of another name than the one that is requested.",
		"Give the metric that name, or request the one that the rule makes with the annotation kong.latency/metric.")
	SeriesMismatch = Hop.Reason("AdapterRuleSeriesMismatch", finding.Error, finding.ForChange,
		"The rule's seriesQuery, a filter of it, or its name.matches leaves out every series of the Service, so that the metric is never listed.",
		"Let the rule match the series with the labels that they have.")
	LabelMismatch = Hop.Reason("AdapterRuleLabelMismatch", finding.Error, finding.ForChange,
		"The labels that the rule maps to the Service and its namespace, those that its query keeps, and those that the series have are not the same.",
		"Use the rule that the finding prints: it maps labels that the series have however they are scraped, and keeps the Service's by sum by (…).")
	QueryBroken = Hop.Reason("AdapterRuleQueryBroken", finding.Error, finding.ForChange,
		"The rule's metricsQuery gives no value: it is empty, no PromQL, gives no vector, or finds nothing.",
		"Correct the query, and restart the adapter.")
	MixesServices = Hop.Reason("AdapterRuleMixesServices", finding.Error, finding.ForChange,
		"The rule's metricsQuery does not use the namespace or the name that is requested, so that the value is mixed with that of other Services.",
		"Put <<.LabelMatchers>> into every selector of the query.")
	Ambiguous = Hop.Reason("AdapterRuleAmbiguous", finding.Error, finding.ForChange,
		"What the rule queries depends on chance: it maps several labels to one resource, or uses <<.Series>> where several series make the metric.",
		"Map one label to each resource, and name the series in the query.")
	Shadowed = Hop.Reason("AdapterRuleShadowed", finding.Error, finding.ForChange,
		"A rule would serve the metric, and a later one that does not replaces it: of several rules that make a metric the last wins.",
		"Remove the later rule, or correct it.")
	NotAggregated = Hop.Reason("AdapterRuleNotAggregated", finding.Warning, finding.ForChange,
		"The rule serves the metric while one data plane measures the Service. With several its query fails, or an arbitrary one of them counts.",
		"Aggregate the series by the label that carries the Service's name.")
	LifetimeAverage = Hop.Reason("AdapterRuleLifetimeAverage", finding.Warning, finding.ForChange,
		"The rule divides _sum by _count without rate, which is the average since the data plane started. It hardly moves, so that the autoscaler neither scales out nor in.",
		"Divide the rates of both, as the rule that the finding prints does.")
	IdleDataPlane = Hop.Reason("AdapterRuleIdleDataPlane", finding.Warning, finding.ForChange,
		"The rule divides the latency of each data plane by its requests and then aggregates. A data plane without traffic gives NaN, and so is the aggregate; prometheus-adapter serves NaN as 0, and the autoscaler scales in.",
		"Aggregate both sides before they are divided, as the rule that the finding prints does.")
	WrongValue = Hop.Reason("AdapterRuleWrongValue", finding.Warning, finding.ForChange,
		"The rule serves a number that is not the Service's latency in milliseconds: it has another unit, counts something else, or that of other Services gets into it.",
		"Use the rule that the finding prints.")
	Undecided = Hop.Reason("AdapterRuleUndecided", finding.Unknown, finding.ForChange,
		"Whether a rule serves the metric depends on what cannot be known: series of other objects, values, relabelings that compute labels.",
		"Add a rule that does not depend on it, at the end of the list.")
)
