package rulecheck

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// queries makes up PromQL over the series of kong; much of it finds nothing.
type queries struct{ *rand.Rand }

func (g queries) pick(options ...string) string { return options[g.IntN(len(options))] }

func (g queries) selector() string {
	return g.pick(
		`kong_upstream_latency_ms_sum{exported_namespace="default",exported_service="echo"}`,
		`kong_upstream_latency_ms_count{exported_service="echo"}`,
		`kong_upstream_latency_ms_bucket`,
		`kong_upstream_latency_ms_sum{pod!="x",kubernetes_namespace!="prod"}`,
		`{__name__=~"kong.*_(sum|count)"}`,
		`{le!=""}`,
		`{kubernetes_name=~"e.*"}`,
		`kong_upstream_latency_ms_sum{kubernetes_name="other"}`,
		`nothing`,
	)
}

func (g queries) label() string {
	return g.pick("exported_service", "kubernetes_name", "exported_namespace", "le", "__name__", "dataplane_url", "pod", "none")
}

func (g queries) labels() string {
	names := make([]string, g.IntN(4))
	for i := range names {
		names[i] = g.label()
	}
	return strings.Join(names, ",")
}

func (g queries) number() string { return g.pick("0", "1", "2", "-1", "1000", "1e9", "0.5") }

func (g queries) matching(grouped bool) string {
	if g.IntN(2) == 0 {
		return ""
	}
	on := fmt.Sprintf(" %s(%s)", g.pick("on", "ignoring"), g.labels())
	if grouped && g.IntN(3) == 0 {
		on += fmt.Sprintf(" %s(%s)", g.pick("group_left", "group_right"), g.pick("", "le", "kubernetes_name"))
	}
	return on
}

func (g queries) matrix(depth int) string {
	if depth > 0 && g.IntN(3) == 0 {
		return "(" + g.vector(depth-1) + ")[5m:30s]"
	}
	return g.selector() + g.pick("[1m]", "[5m]", "[60s:10s]")
}

// latency is a query that may well be right.
func (g queries) latency() string {
	by := fmt.Sprintf("%s %s (%s)", g.pick("sum", "sum", "avg", "max"), g.pick("by", "by", "without"), g.pick("exported_service", "exported_namespace,exported_service", "kubernetes_name", "le", ""))
	window, matchers := g.pick("[1m]", "[5m]", "[60s:10s]", "[60s:45s]", "[1m:]"), g.pick(lm, lm, `exported_service="echo"`, "", `exported_namespace!="prod"`)
	of := func(series string) string {
		return fmt.Sprintf("%s (%s(kong_upstream_latency_ms_%s{%s}%s))", by, g.pick("rate", "rate", "increase"), series, matchers, window)
	}
	return "(" + of("sum") + " / " + of("count") + ")"
}

const lm = "<<.LabelMatchers>>"

func (g queries) vector(depth int) string {
	if g.IntN(3) == 0 {
		return g.latency()
	}
	if depth <= 0 {
		return g.selector()
	}
	switch g.IntN(10) {
	case 0, 1:
		over := g.pick("rate", "increase", "irate", "delta", "avg_over_time", "sum_over_time", "max_over_time", "last_over_time", "changes", "absent_over_time")
		return over + "(" + g.matrix(depth-1) + ")"
	case 2, 3:
		return fmt.Sprintf("%s %s (%s) (%s)", g.pick("sum", "avg", "min", "max", "count", "group", "stddev"), g.pick("by", "without"), g.labels(), g.vector(depth-1))
	case 4:
		return fmt.Sprintf("%s %s (%s) (%s, %s)", g.pick("topk", "bottomk", "limitk"), g.pick("by", "without"), g.labels(), g.pick("1", "2", "5"), g.vector(depth-1))
	case 5:
		sides := []string{"(" + g.vector(depth-1) + ")", g.number()}
		g.Shuffle(2, func(i, j int) { sides[i], sides[j] = sides[j], sides[i] })
		return sides[0] + g.pick(" * ", " / ", " + ", " - ", " ^ ", " % ", " > ", " >= ", " == ", " != ", " < ", " > bool ") + sides[1]
	case 6, 7:
		return fmt.Sprintf("(%s) %s%s (%s)", g.vector(depth-1), g.pick("*", "/", "+", "-", "!= bool"), g.matching(true), g.vector(depth-1))
	case 8:
		return fmt.Sprintf("(%s) %s%s (%s)", g.vector(depth-1), g.pick("and", "or", "unless"), g.matching(false), g.vector(depth-1))
	default:
		return g.function(g.vector(depth - 1))
	}
}

func (g queries) function(arg string) string {
	switch g.IntN(4) {
	case 0:
		return fmt.Sprintf("label_replace(%s, %q, %q, %q, %q)", arg, g.pick("exported_service", "new", "le"), g.pick("$1", "x", "", "${1}_y"), g.label(), g.pick("(.*)", "e(.*)o", "", "q"))
	case 1:
		return fmt.Sprintf("label_join(%s, %q, \"-\", \"exported_service\", \"le\")", arg, g.pick("exported_service", "new"))
	default:
		return g.pick("histogram_quantile(0.9, ", "absent(", "abs(", "sort(", "ceil(", "-(", "timestamp(", "day_of_week(", "ln(", "sqrt(") + arg + ")"
	}
}
