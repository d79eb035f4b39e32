package adapterconfig

import (
	"slices"
	"strings"
	"text/template/parse"

	"github.com/prometheus/common/model"
	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// Names that stand for those of a request in a prepared query.
const (
	standIn         = "kl_any_"
	standInSeries   = standIn + "series"
	standInLabel    = standIn + "label"
	standInMatchers = standIn + "matchers"
)

// prepared is a metricsQuery that was executed and parsed once, with names
// that stand for a request's. Whatever the request, its own query has the same
// tree with its names put in, so that the flow of labels can be followed
// without executing and parsing a query for each request anew. Queries for
// which that is not certain are not prepared.
type prepared struct {
	expr  parser.Expr
	size  int // of the text, in bytes
	lists int // how often the matchers stand in it
	joins int // operations on two vectors
	// named: the name of the series stands in it.
	named bool
}

// binding is what a request puts in for the stand-ins; nil for a query that
// has none.
type binding struct {
	series, label string
	matchers      []*promlabels.Matcher
}

// maxPrepared bounds the work of preparing one query, see [queryWork].
const maxPrepared = 4000

// prepare gives nil for a template with conditions, pipelines or other
// variables, or where a variable stands for anything else than a metric's
// name, an entry of by or without, or an entry between braces. What it does is
// taken from work, until there is none left.
func prepare(t *goTemplate, work *int) *prepared {
	text, lists, ok := withStandIns(t)
	if !ok {
		return nil
	}
	cost := queryWork(text)
	if cost > maxPrepared || cost > *work {
		return nil
	}
	*work -= cost
	expr, err := promQL.ParseExpr(text)
	if err != nil {
		return nil
	}
	places, joins := 0, 0
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			for _, m := range n.LabelMatchers {
				if standsForMatchers(m) || standsForSeries(m) {
					places++
				}
			}
		case *parser.AggregateExpr:
			for _, label := range n.Grouping {
				if label == standInLabel {
					places++
				}
			}
		case *parser.BinaryExpr:
			if n.VectorMatching == nil {
				break
			}
			joins++
			// Whether both sides are the same is told by their text.
			if n.Op.IsComparisonOperator() && !n.ReturnBool {
				places = -len(text)
			}
		}
		return nil
	})
	if places != strings.Count(text, standIn) {
		return nil
	}
	return &prepared{expr: expr, size: len(text), lists: lists, joins: joins, named: strings.Contains(text, standInSeries)}
}

// withStandIns executes a template that holds text and single variables only.
func withStandIns(t *goTemplate) (text string, lists int, ok bool) {
	if t.costly != nil || t.t.Tree == nil {
		return "", 0, false
	}
	var b strings.Builder
	for _, node := range t.t.Root.Nodes {
		switch n := node.(type) {
		case *parse.TextNode:
			if strings.Contains(string(n.Text), standIn) {
				return "", 0, false
			}
			b.Write(n.Text)
		case *parse.ActionNode:
			switch n.Pipe.String() {
			case ".Series":
				b.WriteString(standInSeries)
			case ".GroupBy":
				b.WriteString(standInLabel)
			case ".LabelMatchers":
				b.WriteString(standInMatchers + `="1"`)
				lists++
			default:
				return "", 0, false
			}
		default:
			return "", 0, false
		}
	}
	return b.String(), lists, true
}

func standsForMatchers(m *promlabels.Matcher) bool {
	return m.Name == standInMatchers && m.Type == promlabels.MatchEqual && m.Value == "1"
}

func standsForSeries(m *promlabels.Matcher) bool {
	return m.Name == model.MetricNameLabel && m.Type == promlabels.MatchEqual && m.Value == standInSeries
}

// bind makes the binding of a request, false if its names are not plain
// enough to be sure that they are read as the stand-ins are.
func bind(label string, matchers []string) (*binding, bool) {
	if !plainName(label) {
		return nil, false
	}
	for _, m := range matchers {
		if end := strings.IndexAny(m, "=!"); end < 0 || !plainName(m[:end]) {
			return nil, false
		}
	}
	expr, err := promQL.ParseExpr("sum by (" + label + ") (x{" + strings.Join(matchers, ",") + "})")
	if err != nil {
		return nil, false
	}
	sum, ok := expr.(*parser.AggregateExpr)
	if !ok || !slices.Equal(sum.Grouping, []string{label}) {
		return nil, false
	}
	x, ok := sum.Expr.(*parser.VectorSelector)
	if !ok || len(x.LabelMatchers) != len(matchers)+1 {
		return nil, false
	}
	b := &binding{label: label, matchers: x.LabelMatchers[:len(matchers)]}
	// A selector may consist of these alone, and must not match everything.
	refuses := slices.ContainsFunc(b.matchers, func(m *promlabels.Matcher) bool { return !m.Matches("") })
	return b, refuses
}

// forSeries puts in the name of a series. Names as short as PromQL's own words
// may be read as one of these.
func (b *binding) forSeries(name string) (*binding, bool) {
	c := *b
	c.series = name
	return &c, plainName(name) && len(name) > len("count_values")
}

// plainName accepts names that stand in PromQL as they are; __name__ has rules
// of its own.
func plainName(s string) bool {
	if s == "" || s == model.MetricNameLabel || s[0] >= '0' && s[0] <= '9' {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c == '_', c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		default:
			return false
		}
	}
	return true
}

// matches tells whether a selector finds a sample.
func (b *binding) matches(matchers []*promlabels.Matcher, labels labelSet) bool {
	if b == nil {
		return matchesAll(matchers, labels)
	}
	for _, m := range matchers {
		switch {
		case standsForMatchers(m):
			if !matchesAll(b.matchers, labels) {
				return false
			}
		case standsForSeries(m):
			if labels.get(model.MetricNameLabel) != b.series {
				return false
			}
		case !m.Matches(labels.get(m.Name)):
			return false
		}
	}
	return true
}

// put is the aggregation with the request's label in it.
func (b *binding) put(n *parser.AggregateExpr) *parser.AggregateExpr {
	if b == nil || !slices.Contains(n.Grouping, standInLabel) {
		return n
	}
	c := *n
	c.Grouping = slices.Clone(n.Grouping)
	for i, label := range c.Grouping {
		if label == standInLabel {
			c.Grouping[i] = b.label
		}
	}
	return &c
}
