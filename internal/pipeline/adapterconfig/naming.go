package adapterconfig

import (
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// filter keeps or drops series by an unanchored match on their name.
type filter struct {
	re   *regexp.Regexp
	keep bool
	path string
}

func (f filter) accepts(series string) bool { return f.re.MatchString(series) == f.keep }

// naming turns the name of a series into the name of a metric.
type naming struct {
	matches *regexp.Regexp
	as      string
}

// everyName is what an empty name.matches means.
var everyName = regexp.MustCompile(".*")

// metric expands name.as by the first match of name.matches; the text around
// the match is dropped. It reports false when there is no match.
func (n naming) metric(series string) (string, bool) {
	if n.matches == everyName && !strings.Contains(n.as, "$") {
		return n.as, true // by far the most common, and worth no match
	}
	match := n.matches.FindStringSubmatchIndex(series)
	if match == nil {
		return "", false
	}
	return string(n.matches.ExpandString(nil, n.as, series, match)), true
}

func (c *compiler) filters(specs []FilterSpec, at *field.Path) []filter {
	var filters []filter
	add := func(expr string, keep bool, path *field.Path) {
		if re := c.regexp(expr, path); re != nil {
			filters = append(filters, filter{re: re, keep: keep, path: path.String()})
		}
	}
	for i, s := range specs {
		path := at.Child("seriesFilters").Index(i)
		switch {
		case s.Is != "" && s.IsNot != "":
			c.errs.add(ErrorFilter, path, "", "has both is and isNot; exactly one is allowed")
		case s.Is == "" && s.IsNot == "":
			c.errs.add(ErrorFilter, path, "", "has neither is nor isNot; exactly one is needed")
		case s.Is != "":
			add(s.Is, true, path.Child("is"))
		default:
			add(s.IsNot, false, path.Child("isNot"))
		}
	}
	return filters
}

func (c *compiler) naming(spec NameSpec, at *field.Path) naming {
	n := naming{matches: everyName, as: spec.As}
	if spec.Matches != "" {
		if n.matches = c.regexp(spec.Matches, at.Child("matches")); n.matches == nil {
			return n
		}
	}
	if n.as == "" {
		switch n.matches.NumSubexp() {
		case 0:
			n.as = "$0"
		case 1:
			n.as = "$1"
		default:
			c.errs.add(ErrorNameAs, at.Child("as"), "", "must be set because matches has %d groups; it may be empty for none or one", n.matches.NumSubexp())
		}
	}
	return n
}
