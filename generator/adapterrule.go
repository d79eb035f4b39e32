package generator

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/manifest"
)

// NoTraffic is the behavior of the metric while there are no requests.
type NoTraffic string

const (
	// ScaleDown is the default and the behavior of Kong's guide: zero divided by zero is
	// served as 0 by prometheus-adapter, and the workload is scaled in to its minimum.
	ScaleDown NoTraffic = "scale-down"
	// Hold results in no sample without requests, so that the autoscaler keeps the number
	// of replicas.
	Hold NoTraffic = "hold"
)

// DefaultWindow is the subquery to average over: a minute, in steps of ten seconds, which
// also works for a scrape interval of half a minute.
const DefaultWindow = "60s:10s"

// Rule describes the metric that prometheus-adapter serves from Kong's latencies.
type Rule struct {
	// Metric is its name; empty for annotations.DefaultMetric. The names of percentiles and of
	// loads have queries of their own, and every other is the average.
	Metric string
	// NoTraffic is empty for ScaleDown.
	NoTraffic NoTraffic
	// Window is the range or subquery to average over, as PromQL writes it
	// between brackets; empty for DefaultWindow.
	Window string
}

// RuleEntry is one entry of the list rules in prometheus-adapter's configuration, its
// fields in their usual order.
type RuleEntry struct {
	SeriesQuery  string        `yaml:"seriesQuery"`
	Resources    RuleResources `yaml:"resources"`
	Name         RuleName      `yaml:"name"`
	MetricsQuery string        `yaml:"metricsQuery"`
}

// RuleResources maps labels of the series to resources.
type RuleResources struct {
	Overrides map[string]RuleResource `yaml:"overrides"`
}

// RuleResource is a resource of the core API group.
type RuleResource struct {
	Resource string `yaml:"resource"`
}

// RuleName names the metric.
type RuleName struct {
	As string `yaml:"as"`
}

// AdapterRule is the rule by the labels kubernetes_namespace and
// kubernetes_name. Kong Operator puts them on every series and nothing else
// does, so they arrive under the same name whether the service monitor honors
// labels or not; the guide's exported_service exists only if it does not.
//
// A Kong service with several backends is measured under the name of its route,
// which may be that of a Service as well; the kind keeps them apart.
func AdapterRule(r Rule) RuleEntry {
	window := r.Window
	if window == "" {
		window = DefaultWindow
	}
	series, query := "(sum|count)", average(r, window)
	switch name := metricName(r); name {
	case annotations.RequestsMetric:
		series, query = "count", rateOf("kong_upstream_latency_ms_count", window)
	case annotations.ConcurrencyMetric:
		// Little's law: the seconds that requests needed in each second are how many there
		// are at a time.
		series, query = "sum", rateOf("kong_upstream_latency_ms_sum", window)+" / 1000"
	default:
		for _, s := range annotations.Statistics() {
			if s.Quantile() != "" && name == s.Metric() {
				series, query = "bucket", fmt.Sprintf("histogram_quantile(%s, sum by (kubernetes_name, le) (rate(kong_upstream_latency_ms_bucket{%s}[%s])))", s.Quantile(), ruleSelector, window)
			}
		}
	}
	return RuleEntry{
		SeriesQuery: `{__name__=~"kong_upstream_latency_ms_` + series + `",kubernetes_kind="service",kubernetes_namespace!="",kubernetes_name!=""}`,
		Resources: RuleResources{Overrides: map[string]RuleResource{
			"kubernetes_namespace": {Resource: "namespace"},
			"kubernetes_name":      {Resource: "service"},
		}},
		Name:         RuleName{As: metricName(r)},
		MetricsQuery: query + "\n",
	}
}

// average is the latency of the requests of a window.
func average(r Rule, window string) string {
	count := rateOf("kong_upstream_latency_ms_count", window)
	if r.NoTraffic == Hold {
		count = "(" + count + " > 0)"
	}
	return rateOf("kong_upstream_latency_ms_sum", window) + "\n  /\n" + count
}

// ruleSelector selects what is requested of the adapter.
const ruleSelector = `kubernetes_kind="service",<<.LabelMatchers>>`

func rateOf(series, window string) string {
	return fmt.Sprintf(`sum by (kubernetes_name) (rate(%s{%s}[%s]))`, series, ruleSelector, window)
}

func metricName(r Rule) string {
	if r.Metric == "" {
		return annotations.DefaultMetric
	}
	return r.Metric
}

// SeedAdapterRule is the rule of Kong's guide.
func SeedAdapterRule() RuleEntry {
	return RuleEntry{
		SeriesQuery: `{__name__=~"^kong_upstream_latency_ms_(sum|count)",kubernetes_namespace!="",kubernetes_name!="",kubernetes_kind!=""}`,
		Resources: RuleResources{Overrides: map[string]RuleResource{
			"exported_namespace": {Resource: "namespace"},
			"exported_service":   {Resource: "service"},
		}},
		Name: RuleName{As: annotations.DefaultMetric},
		MetricsQuery: "sum by (exported_service) (rate(kong_upstream_latency_ms_sum{<<.LabelMatchers>>}[60s:10s]))\n" +
			"  /\n" +
			"sum by (exported_service) (rate(kong_upstream_latency_ms_count{<<.LabelMatchers>>}[60s:10s]))\n",
	}
}

// AdapterRuleYAML is the rule as an entry of the list rules.
func AdapterRuleYAML(r Rule) string { return manifest.Ordered([]any{AdapterRule(r)}) }

// AdapterConfig is a whole configuration of prometheus-adapter with these rules.
// Entries are RuleEntry or anything that encodes to the same YAML; the last
// rule that makes a metric wins.
func AdapterConfig(rules ...any) string {
	return manifest.Ordered(struct {
		Rules []any `yaml:"rules"`
	}{rules})
}

// AdapterValues is the rule as values of prometheus-adapter's Helm chart. Helm
// replaces lists: rules.custom must also hold the custom rules that are to stay,
// which go before the product's rule.
func AdapterValues(r Rule, before ...any) string {
	var v values
	v.Rules.Custom = append(append([]any{}, before...), AdapterRule(r))
	return manifest.Ordered(v)
}

// SeedAdapterValues are the values of Kong's guide.
func SeedAdapterValues() string {
	v := values{Prometheus: map[string]string{"url": "http://prometheus-kube-prometheus-prometheus.prometheus.svc"}}
	v.Rules.Default = new(bool)
	v.Rules.Custom = []any{SeedAdapterRule()}
	return manifest.Ordered(v)
}

// values are those of the chart's that we write.
type values struct {
	Prometheus map[string]string `yaml:"prometheus"`
	Rules      struct {
		Default *bool `yaml:"default"`
		Custom  []any `yaml:"custom"`
	} `yaml:"rules"`
}

// AdapterConfigMap holds a configuration of prometheus-adapter. The adapter
// reads it when it starts; its pods must be restarted after a change.
func AdapterConfigMap(namespace, name, key, config string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: corev1.SchemeGroupVersion.String(), Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Data:       map[string]string{key: config},
	}
}
