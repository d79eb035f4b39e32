package pipeline

import (
	"fmt"
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
)

// relabelActions are all that Prometheus knows.
var relabelActions = []relabel.Action{
	relabel.Replace, relabel.Keep, relabel.Drop, relabel.KeepEqual, relabel.DropEqual, relabel.HashMod,
	relabel.LabelMap, relabel.LabelDrop, relabel.LabelKeep, relabel.Lowercase, relabel.Uppercase,
}

// compileRelabelings makes Prometheus' own relabelings of a monitor's, and
// applies its validation. The error names the entry.
func compileRelabelings(list []monitoringv1.RelabelConfig, names model.ValidationScheme) ([]*relabel.Config, error) {
	out := make([]*relabel.Config, 0, len(list))
	for i, entry := range list {
		c, err := compileRelabeling(entry, names)
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
		out = append(out, c)
	}
	return out, nil
}

func compileRelabeling(entry monitoringv1.RelabelConfig, names model.ValidationScheme) (*relabel.Config, error) {
	c := relabel.DefaultRelabelConfig
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
		return nil, fmt.Errorf("unknown action %q", entry.Action)
	}
	if entry.Regex != "" && entry.Regex != c.Regex.String() {
		regex, err := relabel.NewRegexp(entry.Regex)
		if err != nil {
			return nil, fmt.Errorf("invalid regex %q: %w", entry.Regex, err)
		}
		c.Regex = regex
	}
	if err := c.Validate(names); err != nil {
		return nil, err
	}
	return &c, nil
}

// placeholder stands for a value that is known to Prometheus only.
const placeholder = "unknown"

// labelSet is a set of labels on its way through relabelings. Some values are
// placeholders: the names of such labels are in guessed.
type labelSet struct {
	*promlabels.Builder
	guessed map[string]bool
	// unknown is the first relabeling whose outcome depends on a placeholder in
	// a way that matters; empty if there is none.
	unknown string
}

func newLabelSet() *labelSet {
	return &labelSet{Builder: promlabels.NewBuilder(promlabels.EmptyLabels()), guessed: map[string]bool{}}
}

// guess gives a label a value that is not known.
func (l *labelSet) guess(name, where string) {
	if l.Get(name) == "" {
		l.Set(name, placeholder)
	}
	l.guessed[name] = true
	if l.unknown == "" && decisive(name) {
		l.unknown = where
	}
}

// decisive tells whether it matters what a label's value is: by it a series is
// found, or a target reached.
func decisive(name string) bool {
	switch name {
	case "namespace", "service", model.MetricNameLabel, promlabels.BucketLabel,
		model.SchemeLabel, model.MetricsPathLabel, model.AddressLabel, model.ScrapeIntervalLabel:
		return true
	}
	return strings.HasPrefix(name, "kubernetes_") || strings.HasPrefix(name, model.ExportedLabelPrefix)
}

// uncertain tells whether a label's value is a placeholder, or that of a meta
// label that is not simulated. Those of the Service's labels all are.
func (l *labelSet) uncertain(name string) bool {
	if l.guessed[name] {
		return true
	}
	return strings.HasPrefix(name, "__meta_kubernetes_") && l.Get(name) == "" &&
		!strings.HasPrefix(name, serviceLabelMeta) && !strings.HasPrefix(name, serviceLabelPresentMeta)
}

// apply runs one relabeling, and tells whether the set is kept. where names the
// relabeling.
func (l *labelSet) apply(c *relabel.Config, where string) (keep bool) {
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
	for name := range l.guessed {
		if l.Get(name) == "" {
			delete(l.guessed, name)
		}
	}
	return true
}

func (l *labelSet) doubt(where string) {
	if l.unknown == "" {
		l.unknown = where
	}
}

// write runs a relabeling that sets one label.
func (l *labelSet) write(c *relabel.Config, where string, uncertain bool) {
	constant := c.Action == relabel.Replace && matchesAll(c.Regex) && !strings.Contains(c.Replacement, "$")
	dynamic := c.Action == relabel.Replace && strings.Contains(c.TargetLabel, "$")
	switch {
	case uncertain && dynamic:
		l.doubt(where)
	case uncertain && !constant:
		l.guess(c.TargetLabel, where)
	default:
		before := l.Labels()
		relabel.ProcessBuilder(l.Builder, c)
		// What is written now is known, also where a placeholder was before.
		if !dynamic && (constant || l.Get(c.TargetLabel) != before.Get(c.TargetLabel)) {
			delete(l.guessed, c.TargetLabel)
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
func (l *labelSet) mapNames(c *relabel.Config, where string) {
	prefix, _, dynamic := strings.Cut(c.Replacement, "$")
	for _, name := range unreadNames {
		if c.Regex.MatchString(name) && (dynamic && couldBeDecisive(prefix) || decisive(c.Replacement)) {
			l.doubt(where)
		}
	}
	for name := range l.guessed {
		if c.Regex.MatchString(name) {
			l.guess(c.Regex.ReplaceAllString(name, c.Replacement), where)
		}
	}
	relabel.ProcessBuilder(l.Builder, c)
}

// couldBeDecisive tells whether a decisive label can begin so.
func couldBeDecisive(prefix string) bool {
	for _, name := range []string{"namespace", "service", "kubernetes_", model.ExportedLabelPrefix, "__"} {
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
