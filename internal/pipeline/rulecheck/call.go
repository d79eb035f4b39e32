package rulecheck

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

// ofGrowth are the functions that give more than zero for values that grow.
var ofGrowth = map[string]bool{"rate": true, "irate": true, "increase": true}

// keepsSign are the functions that give more than zero for such values.
var keepsSign = map[string]bool{
	"sum_over_time": true, "avg_over_time": true,
	"max_over_time": true, "min_over_time": true, "last_over_time": true, "first_over_time": true,
	"count_over_time": true, "present_over_time": true, "abs": true, "ceil": true, "sqrt": true,
	"sort": true, "sort_desc": true,
}

// keepsName are the functions that leave __name__ where it is.
var keepsName = map[string]bool{
	"last_over_time": true, "first_over_time": true, "sort": true, "sort_desc": true,
	"label_replace": true, "label_join": true,
}

func (f *flow) call(n *parser.Call) vector {
	var args []vector
	for _, a := range n.Args {
		args = append(args, f.eval(a))
	}
	switch n.Func.Name {
	case "label_replace":
		return f.labelReplace(n, args[0])
	case "label_join":
		return f.labelJoin(n, args[0])
	case "vector":
		return vector{samples: []sample{{positive: positive(args[0].number)}}}
	case "absent", "absent_over_time":
		return absent(args[0])
	case "histogram_quantile":
		return histogramQuantile(args[1])
	case "histogram_avg", "histogram_count", "histogram_sum", "histogram_stddev", "histogram_stdvar", "histogram_fraction":
		return vector{open: true} // of native histograms only
	}
	if n.Func.Experimental {
		return vector{open: true}
	}
	if n.Func.ReturnType == parser.ValueTypeScalar {
		return vector{scalar: true}
	}
	return f.perSample(n, args)
}

// perSample is a function that gives one sample for each of its one vector.
func (f *flow) perSample(n *parser.Call, args []vector) vector {
	for i, a := range n.Args {
		if t := a.Type(); t != parser.ValueTypeVector && t != parser.ValueTypeMatrix {
			continue
		}
		return f.unique(args[i].each(func(s sample) sample {
			s.positive = s.positive && keepsSign[n.Func.Name] || s.growing && ofGrowth[n.Func.Name]
			s.growing = false
			if keepsName[n.Func.Name] {
				return s
			}
			return s.unnamed()
		}))
	}
	// The calendar functions without an argument: one sample without labels.
	return vector{samples: make([]sample, 1)}
}

func positive(number *float64) bool { return number != nil && *number > 0 }

// absent has a sample only where its argument has none.
func absent(v vector) vector {
	for _, s := range v.samples {
		if !s.maybe {
			return vector{}
		}
	}
	return vector{open: true}
}

// histogramQuantile joins the buckets of each classic histogram. Series
// without le may be native histograms; those whose le is no number are skipped.
func histogramQuantile(v vector) vector {
	var buckets parser.AggregateExpr
	buckets.Without, buckets.Grouping = true, []string{"le"}
	classic := vector{open: v.open}
	for _, s := range v.samples {
		if s.labels.get("le") == "" {
			classic.open = true
			continue
		}
		if _, err := strconv.ParseFloat(s.labels.get("le"), 64); err != nil {
			continue
		}
		s.positive = false // it may be NaN
		classic.samples = append(classic.samples, s)
	}
	return grouping(&buckets, classic)
}

func (f *flow) labelReplace(n *parser.Call, v vector) vector {
	text, ok := literals(n.Args[1:])
	if !ok {
		return vector{open: true}
	}
	dst, replacement, src := text[0], text[1], text[2]
	// The expression stands in the query, which is new for every object, and whose regular
	// expressions are within the bound.
	re, err := regexp.Compile("^(?s:" + text[3] + ")$")
	if err != nil {
		f.fail("invalid regular expression in label_replace(): %s", text[3])
		return vector{}
	}
	return f.unique(v.each(func(s sample) sample {
		value := s.labels.get(src)
		match := re.FindStringSubmatchIndex(value)
		if match == nil {
			return s
		}
		return s.with(dst, string(re.ExpandString(nil, replacement, value, match)))
	}))
}

func (f *flow) labelJoin(n *parser.Call, v vector) vector {
	text, ok := literals(n.Args[1:])
	if !ok {
		return vector{open: true}
	}
	return f.unique(v.each(func(s sample) sample {
		var values []string
		for _, src := range text[2:] {
			values = append(values, s.labels.get(src))
		}
		return s.with(text[0], strings.Join(values, text[1]))
	}))
}

func literals(args parser.Expressions) ([]string, bool) {
	var text []string
	for _, a := range args {
		for {
			p, ok := a.(*parser.ParenExpr)
			if !ok {
				break
			}
			a = p.Expr
		}
		s, ok := a.(*parser.StringLiteral)
		if !ok {
			return nil, false
		}
		text = append(text, s.Val)
	}
	return text, true
}
