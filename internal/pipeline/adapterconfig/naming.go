package adapterconfig

import (
	"cmp"
	"regexp"
	"strings"
)

// filter keeps or drops series by an unanchored match on their name.
type filter struct {
	re   *regexp.Regexp
	keep bool
}

func (f filter) accepts(series string) bool { return f.re.MatchString(series) == f.keep }

// field is the field of the document that holds the regular expression.
func (f filter) field() string {
	if f.keep {
		return "is"
	}
	return "isNot"
}

// naming turns the name of a series into the name of a metric.
type naming struct {
	matches *regexp.Regexp
	as      string
	// constant: every series gets the same name. It is by far the most common,
	// and needs no match.
	constant bool
}

// metric expands name.as by the first match of name.matches; the text around
// the match is dropped. It reports false when there is no match.
func (n naming) metric(series string) (string, bool) {
	if n.constant {
		return n.as, true
	}
	match := n.matches.FindStringSubmatchIndex(series)
	if match == nil {
		return "", false
	}
	return string(n.matches.ExpandString(nil, n.as, series, match)), true
}

func (c *compiler) filters(specs []FilterSpec, at Path) []filter {
	var filters []filter
	for i, s := range specs {
		path := at.Index(i)
		switch {
		case s.Is != "" && s.IsNot != "":
			c.errs.add(ErrorFilter, path, "", "has both is and isNot; exactly one is allowed")
		case s.Is == "" && s.IsNot == "":
			c.errs.add(ErrorFilter, path, "", "has neither is nor isNot; exactly one is needed")
		default:
			f := filter{keep: s.Is != ""}
			f.re = c.regexp(s.Is+s.IsNot, path.Child(f.field()))
			filters = append(filters, f)
		}
	}
	return filters
}

func (c *compiler) naming(spec NameSpec, at Path) naming {
	n := naming{as: spec.As}
	if n.matches = c.regexp(cmp.Or(spec.Matches, ".*"), at.Child("matches")); n.matches == nil {
		return n
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
	n.constant = spec.Matches == "" && !strings.Contains(n.as, "$")
	return n
}
