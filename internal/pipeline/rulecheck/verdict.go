package rulecheck

import (
	"slices"
	"time"

	"github.com/prometheus/common/model"
	promlabels "github.com/prometheus/prometheus/model/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// Answer is whether a request for a metric would get a value.
type Answer string

// The answers; what cannot be decided is an answer of its own.
const (
	Yes     Answer = "Yes"
	No      Answer = "No"
	Unknown Answer = "Unknown"
	// Wrong: there is a value, and it is not the Service's latency.
	Wrong Answer = "Wrong"
)

// Kind is the reason of an answer. Kinds are stable; each belongs to one
// answer.
type Kind string

// The rule that answers is the last one whose series register the metric.
// These kinds are about it.
const (
	// Served (Yes): the rule's query gives the Service's sample.
	Served Kind = "Served"
	// WrongValue (Wrong): the query gives another number than the latency; see Given.
	WrongValue Kind = "WrongValue"
	// MetricSelectorUnsupported (No): Gt and Lt cannot be put into PromQL.
	MetricSelectorUnsupported Kind = "MetricSelectorUnsupported"
	// NamespaceNotMapped (No): no label for namespaces; the request gets 404.
	NamespaceNotMapped Kind = "NamespaceNotMapped"
	// QueryTemplateFails (No): executing metricsQuery fails; 404.
	QueryTemplateFails Kind = "QueryTemplateFails"
	// QueryEmpty (No): metricsQuery is missing or makes no text; 404.
	QueryEmpty Kind = "QueryEmpty"
	// QueryInvalid (No): the query is no PromQL; 500.
	QueryInvalid Kind = "QueryInvalid"
	// QueryNotVector (No): the query gives a scalar, string or range; 500.
	QueryNotVector Kind = "QueryNotVector"
	// QueryFails (No): Prometheus refuses to finish the query, because of duplicate
	// series or ambiguous matching; 500.
	QueryFails Kind = "QueryFails"
	// SelectorMatchesNothing (No): a selector of the query finds none of the
	// series; see Mismatch.
	SelectorMatchesNothing Kind = "SelectorMatchesNothing"
	// SidesNeverMatch (No): both sides of a binary operation have samples, but
	// their labels differ.
	SidesNeverMatch Kind = "SidesNeverMatch"
	// QueryGivesNothing (No): the query gives no sample for another reason.
	QueryGivesNothing Kind = "QueryGivesNothing"
	// LabelLost (No): the samples lack the label that carries the Service's
	// name, as when `by` names another.
	LabelLost Kind = "LabelLost"
	// OtherObject (No): that label carries other names than the Service's.
	OtherObject Kind = "OtherObject"
	// NamespaceIgnored (No): the value is, or is mixed with, that of a Service
	// of the same name in another namespace.
	NamespaceIgnored Kind = "NamespaceIgnored"
	// ServiceIgnored (No): the value is mixed with that of other Services.
	ServiceIgnored Kind = "ServiceIgnored"
	// LabelsNondeterministic (No): several labels are mapped to one resource
	// and the answer depends on which the adapter picks when it starts.
	LabelsNondeterministic Kind = "LabelsNondeterministic"
	// SeriesNondeterministic (No): several series make the same metric and the
	// query differs by which of them Prometheus lists last.
	SeriesNondeterministic Kind = "SeriesNondeterministic"
	// QueryUndecided (Unknown): the answer depends on values, on functions
	// that are not followed, or on feature flags of the Prometheus; a template
	// is more than text and plain fields; or the query, and others before it,
	// need too much work.
	QueryUndecided Kind = "QueryUndecided"
	// RuleShadowed (Unknown): a later rule registers the metric if series of
	// other objects exist, and its answer is another. Reason is its kind.
	RuleShadowed Kind = "RuleShadowed"
	// RulePinned (Unknown): the only rule registers the metric by series of
	// other objects, and serves it if they exist.
	RulePinned Kind = "RulePinned"
)

// No rule answers for these kinds. They are about the rule that comes nearest
// to it.
const (
	// RelistFails (No): a seriesQuery is refused by Prometheus, so that the
	// adapter lists no metric at all.
	RelistFails Kind = "RelistFails"
	// NoRules (No): rules is empty; the custom metrics API is not installed.
	NoRules Kind = "NoRules"
	// NoSeries (No): there are no series to judge by.
	NoSeries Kind = "NoSeries"
	// ExternalRule (No): only a rule of externalRules makes the metric, which
	// serves it in another API.
	ExternalRule Kind = "ExternalRule"
	// SeriesQueryMatchesNothing (No): no series matches seriesQuery; see
	// Mismatch.
	SeriesQueryMatchesNothing Kind = "SeriesQueryMatchesNothing"
	// SeriesFiltered (No): seriesFilters or name.matches drop every series.
	SeriesFiltered Kind = "SeriesFiltered"
	// NameDiffers (No): the rule gives the metric another name; see Names.
	NameDiffers Kind = "NameDiffers"
	// ServiceNotMapped (No): the rule maps no label to core services.
	ServiceNotMapped Kind = "ServiceNotMapped"
	// ServiceLabelAbsent (No): the rule maps Labels to services, but the series
	// do not have them.
	ServiceLabelAbsent Kind = "ServiceLabelAbsent"
)

// Mismatch is why a selector finds none of some series.
type Mismatch struct {
	// Selector is the selector as PromQL.
	Selector string
	// Label is the label whose matcher refuses the series that come nearest;
	// __name__ for the metric's name.
	Label string
	// Matcher is that matcher as PromQL.
	Matcher string
	// Have are the label's values on those series, sorted; "" is absence.
	Have []string

	// Names are the matchers on the metric's name, if one of them refuses the series.
	Names []NameMatcher
}

// NameMatcher is a matcher on the name of a metric.
type NameMatcher struct {
	Type  promlabels.MatchType
	Value string
}

// NameMatches reports whether the selector finds series of this name.
func (m *Mismatch) NameMatches(name string) bool {
	for _, n := range m.Names {
		matcher, err := promlabels.NewMatcher(n.Type, model.MetricNameLabel, n.Value)
		if err != nil || !matcher.Matches(name) {
			return false
		}
	}
	return true
}

// Name is the name that the selector requires; empty if it is not just one.
func (m *Mismatch) Name() string {
	for _, n := range m.Names {
		if n.Type == promlabels.MatchEqual {
			return n.Value
		}
	}
	return ""
}

// Window is the time that one range of a query looks back over.
type Window struct {
	Range time.Duration
	// Subquery ranges evaluate their inner expression every Step (zero: the
	// Prometheus' default) and need no two samples within the range.
	Subquery bool
	Step     time.Duration
}

// Verdict is what becomes of a request for a metric of one Service. Fields
// that do not belong to the kind are empty.
type Verdict struct {
	Answer Answer
	Kind   Kind
	// Rule is the index of the rule that the verdict is about; in rules, or in
	// externalRules when Kind is ExternalRule. It is -1 when there is none.
	Rule int
	// Path is the place in the configuration that decides.
	Path adapterconfig.Path
	// Query is what the adapter would send, if the rule makes a query.
	Query adapterconfig.Query
	// Windows are the ranges of the query, in its order.
	Windows []Window
	// Names are the metric names that the rule makes instead; sorted.
	Names []string
	// Resources are what the labels of the series map to; sorted.
	Resources []schema.GroupResource
	// Labels are the labels of the rule that are concerned; sorted.
	Labels []string
	// Mismatch is why a selector finds nothing.
	Mismatch *Mismatch
	// Reason is the message of the parser, the template or the evaluation.
	Reason string
	// Given is what the query gives in numbers, if it was evaluated.
	Given sim.Evaluation
	// Samples is the number of samples that the query gives for the Service;
	// of more than one an arbitrary one counts.
	Samples int
	// Earlier is the index of an earlier rule that would serve the metric if
	// Rule did not register it; -1 when there is none, or when the queries
	// before it need too much work.
	Earlier int
}

func verdict(a Answer, k Kind, rule int) Verdict {
	return Verdict{Answer: a, Kind: k, Rule: rule, Earlier: -1}
}

// Served is the verdict about a rule once series of other objects register the metric.
func (v Verdict) Served() Verdict {
	v.Answer, v.Kind, v.Mismatch = Yes, Served, nil
	v.Path = adapterconfig.Path{"rules"}.Index(v.Rule).Child("metricsQuery")
	return v
}

// Matches reports whether any of the series match the seriesQuery of a rule.
func Matches(r *adapterconfig.Rule, streams []sim.Stream) bool {
	selector, ok := r.Selector()
	return ok && slices.ContainsFunc(streams, func(s sim.Stream) bool {
		return len(matchingSeries(selector, []adapterconfig.Series{s.Series}, nil)) > 0
	})
}
