// Package sim runs Prometheus' own relabeling and PromQL engine over series that are made
// up, and says what comes out.
//
// [Store] is one series on its way through a scrape: relabelings, and conflicts between the
// labels of the target and those that it exposes. Values that only Prometheus knows are
// placeholders, and where the outcome depends on one, that is said. [Traffic] is what is stored
// of a Service, of one of the same name in another namespace, of a sibling and of an idle one;
// [Traffic.Evaluate] has the engine answer a query over it. The latency that went in says
// whether what comes out is right. What is not known is chosen twice, differently: an answer
// that differs is open.
package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/kong-latency/kong-latency/internal/pipeline/bound"
)

// relabelActions are all that Prometheus knows.
var relabelActions = []relabel.Action{
	relabel.Replace, relabel.Keep, relabel.Drop, relabel.KeepEqual, relabel.DropEqual, relabel.HashMod,
	relabel.LabelMap, relabel.LabelDrop, relabel.LabelKeep, relabel.Lowercase, relabel.Uppercase,
}

// Compile makes Prometheus' own relabelings of a monitor's, and
// applies its validation. An error is about the entry with the index; it is a
// *bound.TooLarge for a regular expression that must not be compiled.
func Compile(list []monitoringv1.RelabelConfig, names model.ValidationScheme, regexps *bound.Regexps) (steps []Step, index int, err error) {
	out := make([]Step, 0, len(list))
	for i, entry := range list {
		s, err := compile(entry, names, regexps)
		if err != nil {
			return nil, i, err
		}
		out = append(out, s)
	}
	return out, 0, nil
}

// defaultSize is the size of the program of the default regular expression, (.*).
const defaultSize = 10

func compile(entry monitoringv1.RelabelConfig, names model.ValidationScheme, regexps *bound.Regexps) (Step, error) {
	c, size := relabel.DefaultRelabelConfig, defaultSize
	c.TargetLabel = entry.TargetLabel
	for _, s := range entry.SourceLabels {
		c.SourceLabels = append(c.SourceLabels, model.LabelName(s))
	}
	if entry.Separator != nil {
		c.Separator = *entry.Separator
	}
	if entry.Replacement != nil {
		c.Replacement = *entry.Replacement
	}
	if entry.Modulus > 0 {
		c.Modulus = uint64(entry.Modulus)
	}
	if entry.Action != "" {
		c.Action = relabel.Action(strings.ToLower(entry.Action))
	}
	if !slices.Contains(relabelActions, c.Action) {
		return Step{}, fmt.Errorf("unknown action %q", entry.Action)
	}
	if entry.Regex != "" && entry.Regex != c.Regex.String() {
		var err error
		if c.Regex, size, err = regexps.Compile(entry.Regex); err != nil {
			return Step{}, fmt.Errorf("invalid regex %q: %w", entry.Regex, err)
		}
	}
	if err := c.Validate(names); err != nil {
		return Step{}, err
	}
	return Step{Config: &c, size: size}, nil
}

// Placeholder stands for a value that is known to Prometheus only.
const Placeholder = "unknown"

// Labels is a set of labels on its way through relabelings. Some values are
// placeholders: the names of such labels are in guessed.
type Labels struct {
	*promlabels.Builder
	histogram *Histogram
	Guessed   map[string]bool
	// Unknown is the first relabeling whose outcome depends on a placeholder in
	// a way that matters, or that is not run because of what it would cost; empty if
	// there is none.
	Unknown string
	// work is what was spent on relabelings, see maxWork.
	work int
}

// NewLabels returns a set of labels for series of the histogram. What several relabelings
// write into one label depends on the order of labels, which is Prometheus'.
func NewLabels(h *Histogram, set map[string]string) *Labels {
	return &Labels{histogram: h, Builder: promlabels.NewBuilder(promlabels.FromMap(set)), Guessed: map[string]bool{}}
}

// Guess gives a label a value that is not known.
func (l *Labels) Guess(name, where string) {
	if l.Get(name) == "" {
		l.Set(name, Placeholder)
	}
	l.Guessed[name] = true
	if l.Unknown == "" && Decisive(l.histogram, name) {
		l.Unknown = where
	}
}

// Decisive reports whether it matters what a label's value is: by it a series is found,
// or a target reached.
func Decisive(h *Histogram, name string) bool {
	switch name {
	case "namespace", "service", model.MetricNameLabel, promlabels.BucketLabel,
		model.SchemeLabel, model.MetricsPathLabel, model.AddressLabel, model.ScrapeIntervalLabel:
		return true
	}
	return strings.HasPrefix(name, h.Prefix) || strings.HasPrefix(name, model.ExportedLabelPrefix)
}

// uncertain reports whether a label's value is a placeholder, or that of a meta
// label that is not simulated. Those of the Service's labels all are.
func (l *Labels) uncertain(name string) bool {
	if l.Guessed[name] {
		return true
	}
	return strings.HasPrefix(name, "__meta_kubernetes_") && l.Get(name) == "" &&
		!strings.HasPrefix(name, ServiceLabelMeta) && !strings.HasPrefix(name, ServiceLabelPresentMeta)
}

// Apply runs one relabeling, and reports whether the set is kept.
func (l *Labels) Apply(s Step) (keep bool) {
	c, where := s.Config, s.Where
	if !l.affords(s) {
		l.doubt(where + " is too large to evaluate")
		return true
	}
	uncertain := slices.ContainsFunc(c.SourceLabels, func(n model.LabelName) bool { return l.uncertain(string(n)) })
	switch c.Action {
	case relabel.KeepEqual, relabel.DropEqual:
		uncertain = uncertain || l.uncertain(c.TargetLabel)
		fallthrough
	case relabel.Keep, relabel.Drop:
		if uncertain && !matchesAll(c.Regex) || uncertain && strings.HasSuffix(string(c.Action), "equal") {
			l.doubt(where)
			return true
		}
		return relabel.ProcessBuilder(l.Builder, c)
	case relabel.Replace, relabel.HashMod, relabel.Lowercase, relabel.Uppercase:
		l.write(c, where, uncertain)
	case relabel.LabelMap:
		l.mapNames(c, where)
	default: // labeldrop, labelkeep
		relabel.ProcessBuilder(l.Builder, c)
	}
	for name := range l.Guessed {
		if l.Get(name) == "" {
			delete(l.Guessed, name)
		}
	}
	return true
}

func (l *Labels) doubt(where string) {
	if l.Unknown == "" {
		l.Unknown = where
	}
}

// write runs a relabeling that sets one label.
func (l *Labels) write(c *relabel.Config, where string, uncertain bool) {
	constant := c.Action == relabel.Replace && matchesAll(c.Regex) && !strings.Contains(c.Replacement, "$")
	dynamic := c.Action == relabel.Replace && strings.Contains(c.TargetLabel, "$")
	switch {
	case uncertain && dynamic:
		l.doubt(where)
	case uncertain && !constant:
		l.Guess(c.TargetLabel, where)
	default:
		before := l.Labels()
		relabel.ProcessBuilder(l.Builder, c)
		// What is written now is known, also where a placeholder was before.
		if !dynamic && (constant || l.Get(c.TargetLabel) != before.Get(c.TargetLabel)) {
			delete(l.Guessed, c.TargetLabel)
		}
	}
}

// unreadNames are examples of the meta labels whose names are not known.
var unreadNames = []string{
	"__meta_kubernetes_pod_label_x", "__meta_kubernetes_pod_labelpresent_x",
	"__meta_kubernetes_pod_annotation_x", "__meta_kubernetes_pod_annotationpresent_x",
	"__meta_kubernetes_service_annotation_x", "__meta_kubernetes_service_annotationpresent_x",
	"__meta_kubernetes_node_label_x", "__meta_kubernetes_node_annotation_x",
	"__meta_kubernetes_endpoints_label_x", "__meta_kubernetes_endpointslice_label_x",
}

// mapNames runs a labelmap. It doubts those that could make a decisive label of
// one whose name is not known.
func (l *Labels) mapNames(c *relabel.Config, where string) {
	prefix, _, dynamic := strings.Cut(c.Replacement, "$")
	for _, name := range unreadNames {
		if c.Regex.MatchString(name) && (dynamic && couldBeDecisive(l.histogram, prefix) || Decisive(l.histogram, c.Replacement)) {
			l.doubt(where)
		}
	}
	relabel.ProcessBuilder(l.Builder, c)
	for _, name := range slices.Sorted(maps.Keys(l.Guessed)) { // not those that come to them
		if c.Regex.MatchString(name) {
			l.Guess(c.Regex.ReplaceAllString(name, c.Replacement), where)
		}
	}
}

// couldBeDecisive reports whether a decisive label can begin so.
func couldBeDecisive(h *Histogram, prefix string) bool {
	for _, name := range []string{"namespace", "service", h.Prefix, model.ExportedLabelPrefix, "__"} {
		if strings.HasPrefix(name, prefix) || strings.HasPrefix(prefix, name) {
			return true
		}
	}
	return false
}

func matchesAll(r relabel.Regexp) bool {
	s := r.String()
	return s == "(.*)" || s == ".*"
}
