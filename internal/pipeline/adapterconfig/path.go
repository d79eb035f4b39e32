package adapterconfig

import (
	"slices"
	"strconv"
	"strings"
)

// Path is a place in the configuration as the steps that lead to it, such as
// {"rules", "3", "seriesFilters", "0", "is"}. It is empty for the document as
// a whole.
type Path []string

// String is the path as people write it: rules[3].seriesFilters[0].is.
func (p Path) String() string {
	var b strings.Builder
	at := documentShape
	for i, step := range p {
		switch {
		case at.isCollection():
			b.WriteString("[" + step + "]")
		case i > 0:
			b.WriteString("." + step)
		default:
			b.WriteString(step)
		}
		at = at.child(step)
	}
	return b.String()
}

// RuleIndex is the i of rules[i] and of every place in it.
func (p Path) RuleIndex() (int, bool) {
	return p.indexIn(0, "rules")
}

// FilterIndex is the j of rules[i].seriesFilters[j] and of the places in it.
func (p Path) FilterIndex() (int, bool) {
	return p.indexIn(2, "seriesFilters")
}

// indexIn is the index that follows the step at a position.
func (p Path) indexIn(at int, list string) (int, bool) {
	if len(p) < at+2 || p[at] != list {
		return 0, false
	}
	i, err := strconv.Atoi(p[at+1])
	return i, err == nil
}

// Child is the place that further steps lead to.
func (p Path) Child(steps ...string) Path { return slices.Concat(p, steps) }

// Index is an item of the list at the path.
func (p Path) Index(i int) Path { return p.Child(strconv.Itoa(i)) }
