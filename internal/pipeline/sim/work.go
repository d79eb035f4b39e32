package sim

import (
	"strings"

	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
)

const (
	// maxWork bounds the relabelings of one set of labels, in instructions that are
	// executed, so that it ends in the same place on every machine. They need some ten
	// milliseconds.
	maxWork = 2_000_000
	// maxLabels bounds names and values of a set together, in bytes. Relabelings can
	// double a value, or all labels, in each step.
	maxLabels = 16 << 10
)

// affords reports whether a relabeling stays within the limits, and spends its work.
func (l *Labels) affords(s Step) bool {
	c := s.Config
	read, written := 0, 0
	switch c.Action {
	case relabel.LabelMap, relabel.LabelDrop, relabel.LabelKeep:
		references := strings.Count(c.Replacement, "$")
		l.Range(func(label promlabels.Label) {
			read += len(label.Name)
			written += 2*(len(label.Name)+len(label.Value)) + len(c.Replacement) + references*len(label.Name)
		})
		if c.Action != relabel.LabelMap {
			written = 0
		}
	default:
		for _, name := range c.SourceLabels {
			read += len(l.Get(string(name))) + len(c.Separator)
		}
		references := strings.Count(c.Replacement, "$") + strings.Count(c.TargetLabel, "$")
		written = len(c.Replacement) + len(c.TargetLabel) + references*read
	}
	l.work += s.size * (read + 1)
	return l.work <= maxWork && read <= maxLabels && written <= maxLabels
}
