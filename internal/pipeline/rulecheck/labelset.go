package rulecheck

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	promlabels "github.com/prometheus/prometheus/model/labels"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// labelSet is a sample's labels, __name__ among them, sorted by name and
// without empty values. It is never changed in place.
type labelSet []promlabels.Label

func labelsOf(s adapterconfig.Series) labelSet {
	set := make(labelSet, 0, len(s.Labels)+1)
	for name, value := range s.Labels {
		if value != "" && name != model.MetricNameLabel {
			set = append(set, promlabels.Label{Name: name, Value: value})
		}
	}
	if s.Name != "" {
		set = append(set, promlabels.Label{Name: model.MetricNameLabel, Value: s.Name})
	}
	slices.SortFunc(set, func(a, b promlabels.Label) int { return strings.Compare(a.Name, b.Name) })
	return set
}

// get is a label's value, empty if it is absent.
func (l labelSet) get(name string) string {
	for _, x := range l {
		if x.Name == name {
			return x.Value
		}
	}
	return ""
}

func (l labelSet) without(names ...string) labelSet {
	if len(names) == 0 {
		return l
	}
	kept := make(labelSet, 0, len(l))
	for _, x := range l {
		if !slices.Contains(names, x.Name) {
			kept = append(kept, x)
		}
	}
	return kept
}

// unnamed leaves out the metric's name, and further labels.
func (l labelSet) unnamed(names ...string) labelSet {
	kept := make(labelSet, 0, len(l))
	for _, x := range l {
		if x.Name != model.MetricNameLabel && !slices.Contains(names, x.Name) {
			kept = append(kept, x)
		}
	}
	return kept
}

func (l labelSet) only(names ...string) labelSet {
	var kept labelSet
	for _, x := range l {
		if slices.Contains(names, x.Name) {
			kept = append(kept, x)
		}
	}
	return kept
}

// with sets a label; an empty value removes it.
func (l labelSet) with(name, value string) labelSet {
	set := l.without(name)
	if value == "" {
		return set
	}
	at, _ := slices.BinarySearchFunc(set, name, func(x promlabels.Label, n string) int { return strings.Compare(x.Name, n) })
	return slices.Insert(set, at, promlabels.Label{Name: name, Value: value})
}

// signature is the same for equal label sets only. It is no text for people.
func (l labelSet) signature() string {
	b := make([]byte, 0, 32*len(l))
	for _, x := range l {
		b = binary.AppendUvarint(b, uint64(len(x.Name)))
		b = append(b, x.Name...)
		b = binary.AppendUvarint(b, uint64(len(x.Value)))
		b = append(b, x.Value...)
	}
	return string(b)
}

// String is the set as PromQL writes it, between its braces.
func (l labelSet) String() string {
	texts := make([]string, len(l))
	for i, x := range l {
		texts[i] = fmt.Sprintf("%s=%q", x.Name, x.Value)
	}
	return strings.Join(texts, ", ")
}
