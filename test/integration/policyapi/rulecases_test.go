package policyapi

import (
	"fmt"
	"slices"
	"strings"
)

// The messages of rules that are used for several fields.
const (
	saysMilliseconds = `must be a number of milliseconds, more than 0 and at most 3600000, with at most 3 decimals and without exponent, such as 40 or "0.5"`
	saysLoad         = `must be a number, more than 0 and at most 1000000, with at most 3 decimals and without exponent, such as 12 or "2.8"; or auto, or off`
	saysLoadLimit    = `must be a number, more than 0 and at most 1000000, with at most 3 decimals and without exponent, such as 12 or "2.8"`
	saysSizes        = "must have at most 16 matchLabels and at most 16 matchExpressions"
	saysOperator     = "must have operator In or NotIn with 1 to 64 values, or Exists or DoesNotExist without values"
	saysNamespace    = "must be the name of a namespace: lower-case letters, digits and '-', beginning and ending with a letter or digit"
	saysObject       = "must be the name of an object: lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit"
	saysMetric       = "must be a metric name of letters, digits, '_', ':', '.' and '-'"
	saysProfile      = "must be lower-case letters, digits and '-', beginning and ending with a letter or digit, and neither responsive nor stable, which are built in"
	saysPolicies     = "must be 1 to 8 policies, or absent"
	saysPolicy       = "must each have a value from 1 to 2147483647 and periodSeconds from 1 to 1800"
)

func ruleCases() []ruleCase {
	return slices.Concat(
		millisecondsCases(), replicasCases(), nameCases(),
		loadCases("requestsPerSecondPerPod"), loadCases("concurrencyPerPod"),
		selectorCases("namespaceSelector"), selectorCases("workloadSelector"),
		behaviorCases("scaleUp"), behaviorCases("scaleDown"),
	)
}

func millisecondsCases() []ruleCase {
	const target, limits = "spec.autoAttach.targetMilliseconds", "spec.limits.targetMilliseconds"
	cases := []ruleCase{
		{"limit min is no number", "limits: {targetMilliseconds: {min: low}}", limits + ".min", saysMilliseconds, ""},
		{"limit max is 0", "limits: {targetMilliseconds: {max: 0}}", limits + ".max", saysMilliseconds, ""},
		{"limit min above max", `limits: {targetMilliseconds: {min: 50, max: "49.999"}}`, limits + ".min", "must be at most max", "must be at most 49.999, as max says"},
		{
			"target below limits", "autoAttach: {targetMilliseconds: 5}\nlimits: {targetMilliseconds: {min: 10, max: 90}}",
			target, "must be within limits.targetMilliseconds: at least its min", "must be at least 10, as limits.targetMilliseconds.min says",
		},
		{
			"target above limits", "autoAttach: {targetMilliseconds: 1k}\nlimits: {targetMilliseconds: {min: 10, max: 999}}",
			target, "must be within limits.targetMilliseconds: at most its max", "must be at most 999, as limits.targetMilliseconds.max says",
		},
	}
	for _, bad := range []string{
		"0", `"0"`, "-5", `"-0.5"`, "3600001", `"3600000.001"`, "3600000001m", "3601k", `"0.0005"`, "500u", "1500u",
		`"4e1"`, `"4E1"`, "40ms", "40Ki", `""`, `"+40"`, `".5"`, `"40."`, `"040"`, "fast", `"40 "`, `"1,5"`,
	} {
		cases = append(cases, ruleCase{"target " + bad, "autoAttach: {targetMilliseconds: " + bad + "}", target, saysMilliseconds, ""})
	}
	return cases
}

func loadCases(name string) []ruleCase {
	given, limits := "spec.defaults."+name, "spec.limits."+name
	spec := func(format string, args ...any) string {
		return fmt.Sprintf(strings.ReplaceAll(format, "LOAD", name), args...)
	}
	cases := []ruleCase{
		{"limit min above max", spec("limits: {LOAD: {min: 3, max: '2.999'}}"), limits + ".min", "must be at most max", "must be at most 2.999, as max says"},
		{
			"default below limits", spec("defaults: {LOAD: 1}\nlimits: {LOAD: {min: '1.5', max: 9}}"), given,
			spec("must be within limits.LOAD: at least its min"), spec("must be at least 1.5, as limits.LOAD.min says"),
		},
		{
			"default above limits", spec("defaults: {LOAD: 1000}\nlimits: {LOAD: {max: 999}}"), given,
			spec("must be within limits.LOAD: at most its max"), spec("must be at most 999, as limits.LOAD.max says"),
		},
	}
	for _, bad := range []string{"0", `"0.000"`, "-1", "1000001", `"0.0005"`, "Auto", `"OFF"`, `"1e3"`, "12k", "2800m", `""`, `"2.8 "`, `"+2"`} {
		cases = append(cases, ruleCase{"default " + bad, spec("defaults: {LOAD: %s}", bad), given, saysLoad, ""})
	}
	for _, bad := range []string{"0", "auto", "1000001", "1001k", "2M", "500u"} {
		cases = append(cases, ruleCase{"limit " + bad, spec("limits: {LOAD: {max: %s}}", bad), limits + ".max", saysLoadLimit, ""},
			ruleCase{"lower limit " + bad, spec("limits: {LOAD: {min: %s}}", bad), limits + ".min", saysLoadLimit, ""})
	}
	for i := range cases {
		cases[i].name = name + ": " + cases[i].name
	}
	return cases
}

func replicasCases() []ruleCase {
	const fewest, most, limit = "spec.defaults.minReplicas", "spec.defaults.maxReplicas", "spec.limits.minReplicas.min"
	return []ruleCase{
		{"default min above max", "defaults: {minReplicas: 6, maxReplicas: 5}", fewest, "must be at most maxReplicas", "must be at most 5, as maxReplicas says"},
		{"default min above the built-in max", "defaults: {minReplicas: 11}", fewest, "must be at most maxReplicas", "must be at most 10, which maxReplicas is where it is absent"},
		{"limits of min are upside down", "limits: {minReplicas: {min: 5, max: 4}}", limit, "must be at most max", "must be at most 4, as max says"},
		{"limits of max are upside down", "limits: {maxReplicas: {min: 5, max: 4}}", "spec.limits.maxReplicas.min", "must be at most max", "must be at most 4, as max says"},
		{"limits leave nothing", "limits: {minReplicas: {min: 5}, maxReplicas: {max: 4}}", limit, "must be at most maxReplicas.max", "must be at most 4, as maxReplicas.max says"},
		{
			"default min below limits", "defaults: {minReplicas: 1}\nlimits: {minReplicas: {min: 2, max: 4}}",
			fewest, "must be within limits.minReplicas", "must be from 2 to 4, as limits.minReplicas says",
		},
		{
			"default min above limits", "defaults: {minReplicas: 5}\nlimits: {minReplicas: {max: 4}}",
			fewest, "must be within limits.minReplicas", "must be from 1 to 4, as limits.minReplicas says",
		},
		{
			"default max below limits", "defaults: {maxReplicas: 5}\nlimits: {maxReplicas: {min: 6}}",
			most, "must be within limits.maxReplicas", "must be from 6 to 999999999, as limits.maxReplicas says",
		},
		{
			"default max above limits", "defaults: {maxReplicas: 21}\nlimits: {maxReplicas: {min: 2, max: 20}}",
			most, "must be within limits.maxReplicas", "must be from 2 to 20, as limits.maxReplicas says",
		},
		{
			"default min above the limit of max", "defaults: {minReplicas: 6}\nlimits: {maxReplicas: {max: 5}}",
			fewest, "must be at most limits.maxReplicas.max", "must be at most 5, as limits.maxReplicas.max says",
		},
		{
			"default max below the limit of min", "defaults: {maxReplicas: 4}\nlimits: {minReplicas: {min: 5}}",
			most, "must be at least limits.minReplicas.min", "must be at least 5, as limits.minReplicas.min says",
		},
	}
}

func nameCases() []ruleCase {
	var cases []ruleCase
	add := func(field, rule, format string, bad ...string) {
		for _, value := range bad {
			cases = append(cases, ruleCase{field + " " + value, fmt.Sprintf(format, value), "spec." + field, rule, ""})
		}
	}
	add("defaults.metric", saysMetric, "defaults: {metric: %q}", "a b", "a/b", ".", "..", "ä")
	add("defaults.behavior", "must be steady, responsive, stable, or the name of one of behaviors",
		"defaults: {behavior: %q}\nbehaviors: [{name: gentle, scaleUp: {}}]", "Responsive", "gentler")
	add("behaviors[0].name", saysProfile, "behaviors: [{name: %q, scaleUp: {}}]", "responsive", "stable", "Gentle", "-a", "a-", "a.b")
	for field, format := range map[string]string{
		"adapterConfigMap": "pipeline: {adapterConfigMap: {namespace: %q, name: %q, key: %q}}",
		"operatorService":  "pipeline: {operatorService: {namespace: %q, name: %q}} # %s",
		"prometheus":       "pipeline: {prometheus: {namespace: %q, name: %q}} # %s",
	} {
		with := func(namespace, name, key string) string { return fmt.Sprintf(format, namespace, name, key) }
		at := "spec.pipeline." + field
		cases = append(cases,
			ruleCase{field + " in a namespace with a dot", with("a.b", "n", "k"), at + ".namespace", saysNamespace, ""},
			ruleCase{field + " in no namespace's name", with("A", "n", "k"), at + ".namespace", saysNamespace, ""},
			ruleCase{field + " with a name in capitals", with("ns", "N", "k"), at + ".name", saysObject, ""},
			ruleCase{field + " with a name of two dots", with("ns", "a..b", "k"), at + ".name", saysObject, ""},
		)
	}
	add("pipeline.adapterConfigMap.key", "must be a key of a ConfigMap: letters, digits, '-', '_' and '.'",
		"pipeline: {adapterConfigMap: {namespace: ns, name: cm, key: %q}}", "a/b", "a b")
	return cases
}

func selectorCases(field string) []ruleCase {
	var labels, expressions []string
	for i := range 17 {
		labels = append(labels, fmt.Sprintf("l%d: v", i))
		expressions = append(expressions, fmt.Sprintf("{key: l%d, operator: Exists}", i))
	}
	cases := []ruleCase{
		{"matchLabels", field + ": {matchLabels: {" + strings.Join(labels, ", ") + "}}", "spec." + field, saysSizes, ""},
		{"matchExpressions", field + ": {matchExpressions: [" + strings.Join(expressions, ", ") + "]}", "spec." + field, saysSizes, ""},
	}
	for _, expression := range []string{
		"operator: In",
		"operator: In, values: []",
		"operator: NotIn",
		"operator: NotIn, values: [" + strings.Repeat("v, ", 64) + "v]",
		"operator: Exists, values: [v]",
		"operator: DoesNotExist, values: [v]",
		"operator: in, values: [v]",
		"operator: Gt, values: ['1']",
	} {
		cases = append(cases, ruleCase{
			expression, field + ": {matchExpressions: [{key: k, " + expression + "}]}",
			"spec." + field + ".matchExpressions", saysOperator, "",
		})
	}
	for i := range cases {
		cases[i].name = field + " with " + cases[i].name
	}
	return cases
}

func behaviorCases(direction string) []ruleCase {
	const window = "must be from 0 to 3600"
	one := "{type: Pods, value: 1, periodSeconds: 1}"
	cases := []ruleCase{
		{"no policies", "policies: []", "policies", saysPolicies, ""},
		{"9 policies", "policies: [" + strings.Repeat(one+", ", 8) + one + "]", "policies", saysPolicies, ""},
		{"policy of type Node", "policies: [" + one + ", {type: Node, value: 1, periodSeconds: 1}]", "policies", "must each have the type Pods or Percent", ""},
		{"policy with value 0", "policies: [{type: Pods, value: 0, periodSeconds: 1}]", "policies", saysPolicy, ""},
		{"policy with period 0", "policies: [{type: Pods, value: 1, periodSeconds: 0}]", "policies", saysPolicy, ""},
		{"policy with period 1801", "policies: [{type: Pods, value: 1, periodSeconds: 1801}]", "policies", saysPolicy, ""},
		{"window -1", "stabilizationWindowSeconds: -1", "stabilizationWindowSeconds", window, ""},
		{"window 3601", "stabilizationWindowSeconds: 3601", "stabilizationWindowSeconds", window, ""},
		{"select policy", "selectPolicy: Average", "selectPolicy", "must be Max, Min or Disabled", ""},
		{"tolerance -1", "tolerance: -1", "tolerance", "must be at least 0", ""},
		{"tolerance -1m", "tolerance: -1m", "tolerance", "must be at least 0", ""},
	}
	for i, c := range cases {
		cases[i].name = direction + " with " + c.name
		cases[i].spec = "behaviors: [{name: own, " + direction + ": {" + c.spec + "}}]"
		cases[i].field = "spec.behaviors[0]." + direction + "." + c.field
	}
	return append(cases, ruleCase{
		"no " + direction + " in a behavior", "behaviors: [{name: own}]",
		"spec.behaviors[0]", "must have scaleUp or scaleDown; what neither changes is the profile stable", "",
	})
}
