package servicemonitor_test

import (
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/prometheus"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// Section 3.1: which monitors a Prometheus selects.
func TestPrometheusSelection(t *testing.T) {
	selector := func(l *metav1.LabelSelector) func(*pipeline.Snapshot) {
		return pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ServiceMonitorSelector = l })
	}
	namespaces := func(l *metav1.LabelSelector) func(*pipeline.Snapshot) {
		return pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ServiceMonitorNamespaceSelector = l })
	}
	expression := func(key string, op metav1.LabelSelectorOperator, values ...string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: key, Operator: op, Values: values}}}
	}
	unlabelled := pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) { m.Labels = nil })
	beside := pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) {
		m.Namespace, m.Spec.NamespaceSelector.MatchNames = "prometheus", []string{"kong-system"}
	})
	notSelected := []*finding.Reason{servicemonitor.NotSelected}
	runScrapeCases(t, []scrapeCase{
		{name: "without the label release", change: unlabelled, want: notSelected, says: []string{"release=prometheus", "none"}},
		{name: "another release", change: pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) { m.Labels["release"] = "kps" }), want: notSelected, says: []string{"release=kps"}},
		{name: "no selector selects none", change: selector(nil), want: []*finding.Reason{prometheus.SelectsNoServiceMonitors}},
		{name: "no selector and no monitor", change: pipelinetest.Together(selector(nil), func(s *pipeline.Snapshot) { s.ServiceMonitors.Items = nil }),
			want: []*finding.Reason{servicemonitor.NotFound}, sentence: true},
		{name: "an empty selector selects all", change: pipelinetest.Together(selector(&metav1.LabelSelector{}), unlabelled)},
		{name: "In", change: pipelinetest.Together(selector(expression("team", metav1.LabelSelectorOpIn, "b", "a")), unlabelled), want: notSelected, says: []string{"team in (a,b)"}},
		{name: "Exists", change: pipelinetest.Together(selector(expression("team", metav1.LabelSelectorOpExists)), unlabelled), want: notSelected},
		{name: "NotIn", change: pipelinetest.Together(selector(expression("team", metav1.LabelSelectorOpNotIn, "a")), unlabelled)},
		{name: "NotIn this", change: selector(expression("release", metav1.LabelSelectorOpNotIn, "prometheus")), want: notSelected},
		{name: "DoesNotExist", change: selector(expression("release", metav1.LabelSelectorOpDoesNotExist)), want: notSelected},
		{name: "labels and expressions", change: pipelinetest.Together(selector(&metav1.LabelSelector{
			MatchLabels:      map[string]string{"release": "kps"},
			MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "team", Operator: metav1.LabelSelectorOpIn, Values: []string{"a"}}, {Key: "team", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"c"}}},
		})), want: notSelected},
		{name: "a selector that nothing satisfies", change: selector(&metav1.LabelSelector{
			MatchLabels:      map[string]string{"release": "kps"},
			MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "release", Operator: metav1.LabelSelectorOpDoesNotExist}},
		}), want: notSelected, sentence: true},
		{name: "an invalid selector", change: selector(expression("team", "Near", "a")), want: []*finding.Reason{prometheus.SelectsNoServiceMonitors}, sentence: true},

		{name: "no namespaces but its own", change: namespaces(nil), want: notSelected, says: []string{"its own namespace only", "kong-system"}},
		{name: "its own namespace", change: pipelinetest.Together(namespaces(nil), beside)},
		{name: "no namespaces but its own, and no monitor", change: pipelinetest.Together(namespaces(nil), func(s *pipeline.Snapshot) { s.ServiceMonitors.Items = nil }),
			want: []*finding.Reason{servicemonitor.NotFound}},
		{name: "no namespaces but its own, none of which it may leave", change: pipelinetest.Together(namespaces(nil),
			pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.IgnoreNamespaceSelectors = true })), want: notSelected, sentence: true},
		{name: "by name", change: namespaces(expression(prometheus.NamespaceName, metav1.LabelSelectorOpIn, "kong-system"))},
		{name: "by name, where namespaces have no labels", change: pipelinetest.Together(namespaces(expression(prometheus.NamespaceName, metav1.LabelSelectorOpIn, "kong-system")),
			func(s *pipeline.Snapshot) { s.Namespaces = pipeline.KnownSet(pipeline.Namespace{Name: "kong-system"}) })},
		{name: "by label", change: pipelinetest.Together(namespaces(expression("monitored", metav1.LabelSelectorOpExists)),
			func(s *pipeline.Snapshot) { s.Namespaces.Items[0].Labels["monitored"] = "yes" }), want: notSelected, says: []string{"monitored"}},
		{name: "by a label that none has", change: namespaces(expression("monitored", metav1.LabelSelectorOpExists)), want: notSelected, sentence: true},
	})
}

// Only the Prometheus behind the adapter's --prometheus-url counts, where the URL
// identifies it.
func TestPrometheusOfTheAdapter(t *testing.T) {
	queries := func(url string) func(*pipeline.Snapshot) {
		return func(s *pipeline.Snapshot) { s.Adapter.PrometheusURL = url }
	}
	// A Service that is known, with what it selects.
	behind := func(url string, selector map[string]string) func(*pipeline.Snapshot) {
		return func(s *pipeline.Snapshot) {
			host, _ := pipeline.ServiceHostOf(url, "prometheus")
			s.Adapter.PrometheusURL = url
			s.Adapter.Backend = pipeline.Backend{State: pipeline.Known, Found: true, Service: host.Service, Selector: selector}
		}
	}
	// A second Prometheus, which does not select the monitor.
	second := func(namespace, name string) func(*pipeline.Snapshot) {
		return func(s *pipeline.Snapshot) {
			p := pipelinetest.ThePrometheus(s).DeepCopy()
			p.Namespace, p.Name = namespace, name
			p.Spec.ServiceMonitorSelector.MatchLabels = map[string]string{"team": "shop"}
			s.Prometheuses.Items = append(s.Prometheuses.Items, p)
		}
	}
	renamed := func(name string) func(*pipeline.Snapshot) {
		return pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Name = name })
	}
	shop := second("shop", "main")
	byOther := []*finding.Reason{servicemonitor.SelectedByOther}
	// What is queried is no Prometheus object, or none that the name shows for certain.
	notKnown := []*finding.Reason{prometheus.NotKnown}
	runScrapeCases(t, []scrapeCase{
		{name: "the other does not matter", change: shop},
		{name: "the other is queried", change: pipelinetest.Together(shop, queries("http://main.shop.svc:9090")), want: byOther,
			says: []string{"is selected by Prometheus prometheus/", "queries Prometheus shop/main", "http://main.shop.svc:9090"}},
		{name: "by its operated Service", change: pipelinetest.Together(shop, queries("http://prometheus-operated.shop.svc.cluster.local")), want: byOther},
		{name: "by one of its pods", change: pipelinetest.Together(shop, queries("http://prometheus-main-0.prometheus-operated.shop.svc")), want: byOther},
		{name: "by a Service of its own", change: pipelinetest.Together(shop, queries("http://metrics.shop:9090/prefix"), func(s *pipeline.Snapshot) {
			s.Prometheuses.Items[1].Spec.ServiceName = ptr.To("metrics")
		}), want: byOther},
		{name: "as kube-prometheus names it", change: pipelinetest.Together(shop, queries("http://prometheus-main.shop.svc:9090")), want: byOther},
		{name: "by a name that begins so", change: pipelinetest.Together(shop, queries("http://main-web.shop.svc:9090")), want: notKnown, sentence: true},
		{name: "by a trailing dot", change: pipelinetest.Together(shop, queries("http://main.shop.svc.cluster.local.:9090")), want: byOther},
		{name: "by the beginning of the longer name", change: pipelinetest.Together(renamed("main"), second("prometheus", "main-shop"), queries("http://main-shop-web.prometheus.svc")), want: notKnown, sentence: true},
		{name: "by the beginning of the shorter name", change: pipelinetest.Together(renamed("main"), second("prometheus", "main-shop"), queries("http://main-web.prometheus.svc")), want: notKnown, sentence: true},
		{name: "in the adapter's namespace", change: pipelinetest.Together(second("prometheus", "main"), queries("http://main:9090")), want: byOther},
		{name: "something in between", change: pipelinetest.Together(shop, queries("http://thanos-query.thanos.svc:9090")), want: notKnown, sentence: true},
		{name: "outside", change: pipelinetest.Together(shop, queries("https://prometheus.example.com")), want: notKnown, sentence: true},
		{name: "by address", change: pipelinetest.Together(shop, queries("http://10.0.0.7:9090")), want: notKnown, sentence: true},
		{name: "not given", change: pipelinetest.Together(shop, queries(""))},
		{name: "not known", change: pipelinetest.Together(shop, queries("http://main.shop.svc"), func(s *pipeline.Snapshot) { s.Adapter.State = pipeline.Unreadable })},
		{name: "no URL", change: pipelinetest.Together(shop, queries("http://a b")), want: notKnown, sentence: true},
		{name: "the chart's default", change: queries("http://prometheus.default.svc:9090"), want: []*finding.Reason{prometheus.NotQueried},
			says: []string{"http://prometheus.default.svc:9090"}, sentence: true},
		{name: "the chart's default, with a Prometheus there", change: pipelinetest.Together(queries("http://prometheus.default.svc:9090"),
			pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Namespace = "default" })), want: notKnown, sentence: true},
		{name: "the Service selects the pods of the other", change: pipelinetest.Together(shop, behind("http://query.shop.svc", map[string]string{"prometheus": "main"})), want: byOther},
		{name: "the Service selects its own pods", change: pipelinetest.Together(shop, behind("http://query.prometheus.svc", map[string]string{"app.kubernetes.io/instance": "prometheus-kube-prometheus-prometheus"}))},
		{name: "a Service of its name that selects other pods", change: behind("http://prometheus-kube-prometheus-prometheus.prometheus.svc", map[string]string{"app": "thanos"}), want: notKnown, sentence: true},
		{name: "a Service that is not there", change: pipelinetest.Together(queries("http://main.shop.svc"), func(s *pipeline.Snapshot) { s.Adapter.Backend.State = pipeline.Known }), want: notKnown, sentence: true},
		{name: "an alias of something outside", change: pipelinetest.Together(queries("http://main.shop.svc"), func(s *pipeline.Snapshot) {
			s.Adapter.Backend = pipeline.Backend{State: pipeline.Known, Found: true, External: "mimir.example.com"}
		}), want: notKnown, says: []string{"mimir.example.com"}, sentence: true},
	})
}
