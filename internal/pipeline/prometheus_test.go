package pipeline

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// Section 3.1: which monitors a Prometheus takes.
func TestPrometheusSelection(t *testing.T) {
	selector := func(l *metav1.LabelSelector) func(*Snapshot) {
		return onPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ServiceMonitorSelector = l })
	}
	namespaces := func(l *metav1.LabelSelector) func(*Snapshot) {
		return onPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ServiceMonitorNamespaceSelector = l })
	}
	expression := func(key string, op metav1.LabelSelectorOperator, values ...string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: key, Operator: op, Values: values}}}
	}
	unlabelled := onMonitor(func(m *monitoringv1.ServiceMonitor) { m.Labels = nil })
	beside := onMonitor(func(m *monitoringv1.ServiceMonitor) {
		m.Namespace, m.Spec.NamespaceSelector.MatchNames = "prometheus", []string{"kong-system"}
	})
	notSelected := []*finding.Reason{ServiceMonitorNotSelected}
	runScrapeCases(t, []scrapeCase{
		{name: "without the label release", change: unlabelled, want: notSelected, says: []string{"release=prometheus", "none"}},
		{name: "another release", change: onMonitor(func(m *monitoringv1.ServiceMonitor) { m.Labels["release"] = "kps" }), want: notSelected, says: []string{"release=kps"}},
		{name: "no selector takes none", change: selector(nil), want: []*finding.Reason{PrometheusTakesNoMonitors}},
		{name: "no selector and no monitor", change: together(selector(nil), func(s *Snapshot) { s.ServiceMonitors.Items = nil }),
			want: []*finding.Reason{ServiceMonitorNotFound}, sentence: true},
		{name: "an empty selector takes all", change: together(selector(&metav1.LabelSelector{}), unlabelled)},
		{name: "In", change: together(selector(expression("team", metav1.LabelSelectorOpIn, "b", "a")), unlabelled), want: notSelected, says: []string{"team in (a,b)"}},
		{name: "Exists", change: together(selector(expression("team", metav1.LabelSelectorOpExists)), unlabelled), want: notSelected},
		{name: "NotIn", change: together(selector(expression("team", metav1.LabelSelectorOpNotIn, "a")), unlabelled)},
		{name: "NotIn this", change: selector(expression("release", metav1.LabelSelectorOpNotIn, "prometheus")), want: notSelected},
		{name: "DoesNotExist", change: selector(expression("release", metav1.LabelSelectorOpDoesNotExist)), want: notSelected},
		{name: "labels and expressions", change: together(selector(&metav1.LabelSelector{
			MatchLabels:      map[string]string{"release": "kps"},
			MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "team", Operator: metav1.LabelSelectorOpIn, Values: []string{"a"}}, {Key: "team", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"c"}}},
		})), want: notSelected},
		{name: "a selector that nothing satisfies", change: selector(&metav1.LabelSelector{
			MatchLabels:      map[string]string{"release": "kps"},
			MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "release", Operator: metav1.LabelSelectorOpDoesNotExist}},
		}), want: notSelected, sentence: true},
		{name: "an invalid selector", change: selector(expression("team", "Near", "a")), want: []*finding.Reason{PrometheusTakesNoMonitors}, sentence: true},

		{name: "no namespaces but its own", change: namespaces(nil), want: notSelected, says: []string{"its own namespace only", "kong-system"}},
		{name: "its own namespace", change: together(namespaces(nil), beside)},
		{name: "no namespaces but its own, and no monitor", change: together(namespaces(nil), func(s *Snapshot) { s.ServiceMonitors.Items = nil }),
			want: []*finding.Reason{ServiceMonitorNotFound}},
		{name: "no namespaces but its own, none of which it may leave", change: together(namespaces(nil),
			onPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.IgnoreNamespaceSelectors = true })), want: notSelected, sentence: true},
		{name: "by name", change: namespaces(expression(namespaceName, metav1.LabelSelectorOpIn, "kong-system"))},
		{name: "by name, where namespaces have no labels", change: together(namespaces(expression(namespaceName, metav1.LabelSelectorOpIn, "kong-system")),
			func(s *Snapshot) { s.Namespaces = KnownSet(Namespace{Name: "kong-system"}) })},
		{name: "by label", change: together(namespaces(expression("monitored", metav1.LabelSelectorOpExists)),
			func(s *Snapshot) { s.Namespaces.Items[0].Labels["monitored"] = "yes" }), want: notSelected, says: []string{"monitored"}},
		{name: "by a label that none has", change: namespaces(expression("monitored", metav1.LabelSelectorOpExists)), want: notSelected, sentence: true},
	})
}

// Only the Prometheus behind the adapter's --prometheus-url counts, where the URL
// tells which one that is.
func TestPrometheusOfTheAdapter(t *testing.T) {
	asks := func(url string) func(*Snapshot) {
		return func(s *Snapshot) { s.Adapter.PrometheusURL = url }
	}
	// A second Prometheus, which does not take the monitor.
	second := func(namespace, name string) func(*Snapshot) {
		return func(s *Snapshot) {
			p := thePrometheus(s).DeepCopy()
			p.Namespace, p.Name = namespace, name
			p.Spec.ServiceMonitorSelector.MatchLabels = map[string]string{"team": "shop"}
			s.Prometheuses.Items = append(s.Prometheuses.Items, p)
		}
	}
	renamed := func(name string) func(*Snapshot) {
		return onPrometheus(func(p *monitoringv1.Prometheus) { p.Name = name })
	}
	shop := second("shop", "main")
	taken := []*finding.Reason{ServiceMonitorTakenByOther}
	runScrapeCases(t, []scrapeCase{
		{name: "the other does not matter", change: shop},
		{name: "the other is asked", change: together(shop, asks("http://main.shop.svc:9090")), want: taken,
			says: []string{"is taken by Prometheus prometheus/", "asks Prometheus shop/main", "http://main.shop.svc:9090"}},
		{name: "by its operated Service", change: together(shop, asks("http://prometheus-operated.shop.svc.cluster.local")), want: taken},
		{name: "by one of its pods", change: together(shop, asks("http://prometheus-main-0.prometheus-operated.shop.svc")), want: taken},
		{name: "by a Service of its own", change: together(shop, asks("http://metrics.shop:9090/prefix"), func(s *Snapshot) {
			s.Prometheuses.Items[1].Spec.ServiceName = ptr.To("metrics")
		}), want: taken},
		{name: "as kube-prometheus names it", change: together(shop, asks("http://prometheus-main.shop.svc:9090")), want: taken},
		{name: "by a name that begins so", change: together(shop, asks("http://main-web.shop.svc:9090")), want: taken},
		{name: "by a trailing dot", change: together(shop, asks("http://main.shop.svc.cluster.local.:9090")), want: taken},
		{name: "the longer name is nearer", change: together(renamed("main"), second("prometheus", "main-shop"), asks("http://main-shop-web.prometheus.svc")), want: taken},
		{name: "the shorter name is not", change: together(renamed("main"), second("prometheus", "main-shop"), asks("http://main-web.prometheus.svc"))},
		{name: "in the adapter's namespace", change: together(second("prometheus", "main"), asks("http://main:9090")), want: taken},
		{name: "something in between", change: together(shop, asks("http://thanos-query.thanos.svc:9090"))},
		{name: "outside", change: together(shop, asks("https://prometheus.example.com"))},
		{name: "by address", change: together(shop, asks("http://10.0.0.7:9090"))},
		{name: "not given", change: together(shop, asks(""))},
		{name: "not known", change: together(shop, asks("http://main.shop.svc"), func(s *Snapshot) { s.Adapter.State = Unreadable })},
		{name: "no URL", change: together(shop, asks("http://a b"))},
		{name: "the chart's default", change: asks("http://prometheus.default.svc:9090"), want: []*finding.Reason{AdapterAsksNoPrometheus},
			says: []string{"http://prometheus.default.svc:9090"}, sentence: true},
		{name: "the chart's default, with a Prometheus there", change: together(asks("http://prometheus.default.svc:9090"),
			onPrometheus(func(p *monitoringv1.Prometheus) { p.Namespace = "default" }))},
	})
}

func TestMonitorLabelsAreFew(t *testing.T) {
	for name, tt := range map[string]struct {
		by   metav1.LabelSelector
		have map[string]string
		want map[string]string
	}{
		"none":     {},
		"kept":     {have: map[string]string{"a": "b"}, want: map[string]string{"a": "b"}},
		"labels":   {by: metav1.LabelSelector{MatchLabels: map[string]string{"release": "x"}}, want: map[string]string{"release": "x"}},
		"In":       {by: expressions(in("a", "z", "y"), in("a", "z")), want: map[string]string{"a": "z"}},
		"In fits":  {by: expressions(in("a", "x", "y")), have: map[string]string{"a": "y"}, want: map[string]string{"a": "y"}},
		"Exists":   {by: expressions(metav1.LabelSelectorRequirement{Key: "a", Operator: metav1.LabelSelectorOpExists}), want: map[string]string{"a": "true"}},
		"both":     {by: expressions(metav1.LabelSelectorRequirement{Key: "a", Operator: metav1.LabelSelectorOpExists}, in("a", "y")), want: map[string]string{"a": "y"}},
		"unwanted": {by: expressions(metav1.LabelSelectorRequirement{Key: "a", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"b"}}), have: map[string]string{"a": "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := monitorLabels(&tt.by, tt.have)
			if diff := cmp.Diff(tt.want, got); diff != "" || !ok {
				t.Errorf("ok %v (-want +got):\n%s", ok, diff)
			}
		})
	}
}

func in(key string, values ...string) metav1.LabelSelectorRequirement {
	return metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpIn, Values: values}
}

func expressions(list ...metav1.LabelSelectorRequirement) metav1.LabelSelector {
	return metav1.LabelSelector{MatchExpressions: list}
}
