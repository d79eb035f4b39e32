package scraping

import (
	"fmt"
	"math/rand/v2"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// generator makes the same corpus in every run.
type generator struct{ *rand.Rand }

func newGenerator(seed uint64) generator { return generator{rand.New(rand.NewPCG(seed, 16))} }

// in reports true once in n times.
func (g generator) in(n int) bool { return g.IntN(n) == 0 }

func pick[T any](g generator, of ...T) T { return of[g.IntN(len(of))] }

// some returns a few of the values.
func some[T any](g generator, least, most int, of ...T) []T {
	var out []T
	for range least + g.IntN(most-least+1) {
		out = append(out, pick(g, of...))
	}
	return out
}

// may returns a value once in n times.
func may[T any](g generator, n int, of ...T) *T {
	if !g.in(n) {
		return nil
	}
	return ptr.To(pick(g, of...))
}

// The namespaces with the labels by which Prometheus objects select them, and the keys and
// values of labels that selectors ask for.
var (
	namespaces = map[string]map[string]string{
		"kong-system": {"team": "kong"}, "shop": {"team": "shop"}, "monitoring": nil,
	}
	keys = []string{"app.kubernetes.io/name", "app.kubernetes.io_name", "control-plane", "control_plane", "track", "absent"}
	// Some are regular expressions, which prometheus-operator makes of them.
	values = []string{"kong-operator", "kong.operator", "controller-manager", "stable", "canary", ""}
)

func (g generator) namespace() string {
	return pick(g, "kong-system", "kong-system", "shop", "monitoring")
}

func (g generator) selector() metav1.LabelSelector {
	by := metav1.LabelSelector{}
	for range pick(g, 0, 1, 1, 2) {
		metav1.AddLabelToSelector(&by, pick(g, keys[0], keys[0], pick(g, keys...)), pick(g, values[0], values[0], values[1], pick(g, values...)))
	}
	for range pick(g, 0, 0, 1) {
		e := metav1.LabelSelectorRequirement{Key: pick(g, keys...), Operator: pick(g,
			metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist)}
		if e.Operator == metav1.LabelSelectorOpIn || e.Operator == metav1.LabelSelectorOpNotIn {
			e.Values = some(g, 1, 3, values...)
		}
		by.MatchExpressions = append(by.MatchExpressions, e)
	}
	if g.in(60) { // not valid
		by.MatchExpressions = append(by.MatchExpressions, metav1.LabelSelectorRequirement{Key: "a b", Operator: metav1.LabelSelectorOpExists})
	}
	return by
}

func (g generator) namespaceSelector() monitoringv1.NamespaceSelector {
	switch g.IntN(3) {
	case 0:
		return monitoringv1.NamespaceSelector{Any: true}
	case 1:
		return monitoringv1.NamespaceSelector{MatchNames: some(g, 1, 2, "kong-system", "shop", "none")}
	}
	return monitoringv1.NamespaceSelector{}
}

// The parts of relabelings, valid and not.
var (
	sources = []monitoringv1.LabelName{"__name__", "namespace", "service", "job", "endpoint", "exported_namespace", "kubernetes_name",
		"le", "instance", "__address__", "__scheme__", "__meta_kubernetes_service_name", "__meta_kubernetes_service_label_track",
		"__meta_kubernetes_namespace", "__meta_kubernetes_endpoint_port_name", "__meta_kubernetes_endpointslice_port_name", "none"}
	targets = []string{"namespace", "service", "team", "kubernetes_name", "exported_service", "__address__", "__scheme__", "__metrics_path__",
		"__scrape_interval__", "a-b", "${1}_x", "x$", "9", "le", "__name__"}
	regexes      = []string{"", "(.*)", ".+", "kong.*", "kong_upstream_latency_ms_(sum|count)", "(.+)-(.+)", "http", "(", "a{2000}", "kubernetes_(.+)", "exported_(.+)", "namespace|service", "__meta_kubernetes_service_label_(.+)"}
	replacements = []string{"", "$1", "${2}", "shop", "https", "/other", "k_$1", "10s", "a b", "$", "${1}_$2"}
	actions      = []string{"replace", "Replace", "keep", "drop", "KeepEqual", "dropequal", "hashmod", "labelmap", "labeldrop", "labelkeep", "lowercase", "UPPERCASE"}
)

func (g generator) relabeling() monitoringv1.RelabelConfig {
	c := monitoringv1.RelabelConfig{Action: pick(g, "", "replace", pick(g, actions...)), Replacement: may(g, 2, replacements...), Separator: may(g, 8, "", "/")}
	drops := c.Action == "labeldrop" || c.Action == "labelkeep"
	equal := c.Action == "KeepEqual" || c.Action == "dropequal"
	if drops { // that has nothing else, mostly
		c.Replacement, c.Separator = may(g, 15, replacements...), nil
	}
	if !drops || g.in(15) {
		c.SourceLabels = some(g, 0, 2, sources...)
	}
	if writes := c.Action == "" || !drops && c.Action != "keep" && c.Action != "drop" && c.Action != "labelmap"; writes != g.in(20) {
		c.TargetLabel = pick(g, targets...)
	}
	switch {
	case !equal:
		c.Regex = pick(g, "", pick(g, regexes...))
	case g.in(4):
		c.Regex = pick(g, "(.*)", ".+")
	}
	if c.Action == "hashmod" && !g.in(5) {
		c.Modulus = 4
	}
	return c
}

func (g generator) relabelings() []monitoringv1.RelabelConfig {
	var out []monitoringv1.RelabelConfig
	for range pick(g, 0, 0, 1, 1, 2, 3) {
		out = append(out, g.relabeling())
	}
	return out
}

// key is the key of a Secret, which exists or not.
func (g generator) key() corev1.SecretKeySelector {
	return corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: pick(g, "there", "there", "missing")}, Key: pick(g, "token", "token", "other")}
}

func (g generator) endpoint() monitoringv1.Endpoint {
	ep := monitoringv1.Endpoint{
		Port:          pick(g, "http", "http", "http", "http", "ht.+", "", "", pick(g, "other", "(", "http|https", "metrics", "ht$")),
		Path:          pick(g, "", "", "/metrics", "/m"),
		Scheme:        may(g, 4, monitoringv1.SchemeHTTP, monitoringv1.SchemeHTTPS, monitoringv1.Scheme("HTTPS")),
		Interval:      pick(g, "", "", "", monitoringv1.Duration("10s"), "45s", "0s", "1m30s"),
		ScrapeTimeout: pick(g, "", "", "", "", "", monitoringv1.Duration("5s"), "40s", "0s"),
		HonorLabels:   g.in(4),
		FilterRunning: may(g, 8, true, false),
	}
	if ep.Port == "" || g.in(20) {
		ep.TargetPort = may(g, 2, intstr.FromString("metrics"), intstr.FromInt32(8080), intstr.FromString("8080"), intstr.FromInt32(0), intstr.FromString(""), intstr.FromString("m.+"))
	}
	ep.RelabelConfigs, ep.MetricRelabelConfigs = g.relabelings(), g.relabelings()
	g.authenticate(&ep)
	return ep
}

// authenticate adds what reads files and Secrets, rarely.
//
//nolint:staticcheck // deprecated fields are read, too
func (g generator) authenticate(ep *monitoringv1.Endpoint) {
	if g.in(10) {
		ep.BearerTokenFile = "/token"
	}
	if g.in(10) {
		ep.TLSConfig = &monitoringv1.TLSConfig{SafeTLSConfig: monitoringv1.SafeTLSConfig{InsecureSkipVerify: may(g, 2, true)}}
		ep.TLSConfig.CAFile = pick(g, "", "/ca")
		if g.in(4) {
			ep.TLSConfig.CertFile = "/cert"
			ep.TLSConfig.KeyFile = pick(g, "", "/key")
		}
	}
	if !g.in(25) {
		return
	}
	switch key := g.key(); g.IntN(4) {
	case 0:
		ep.Authorization = &monitoringv1.SafeAuthorization{Type: pick(g, "", "Bearer", "Basic"), Credentials: &key}
	case 1:
		ep.BasicAuth = &monitoringv1.BasicAuth{Username: key, Password: key}
	case 2:
		ep.BearerTokenSecret = &key
	case 3:
		ep.TLSConfig = &monitoringv1.TLSConfig{}
		ep.TLSConfig.CA.Secret = &key
	}
}

// serviceMonitor is one, which the API server may refuse.
func (g generator) serviceMonitor(i int) *monitoringv1.ServiceMonitor {
	m := &monitoringv1.ServiceMonitor{ObjectMeta: g.meta("s", i)}
	m.Spec = monitoringv1.ServiceMonitorSpec{
		Selector: g.selector(), NamespaceSelector: g.namespaceSelector(),
		JobLabel:          pick(g, "", "", "track", "app.kubernetes.io/name", "absent"),
		TargetLabels:      some(g, 0, 1, "track", "control-plane", "absent"),
		PodTargetLabels:   some(g, 0, 1, "version"),
		SelectorMechanism: may(g, 6, monitoringv1.SelectorMechanismRole, monitoringv1.SelectorMechanismRelabel),
		ScrapeClassName:   may(g, 8, "named", "absent", ""),
		SampleLimit:       may(g, 10, int64(10)),
	}
	if g.in(8) {
		m.Spec.AttachMetadata = &monitoringv1.AttachMetadata{Node: may(g, 2, true)}
	}
	m.Spec.ServiceDiscoveryRole = may(g, 8, monitoringv1.EndpointsRole, monitoringv1.EndpointSliceRole)
	m.Spec.ScrapeClassicHistograms = may(g, 8, true, false)
	m.Spec.ConvertClassicHistogramsToNHCB = may(g, 8, true, false)
	for range pick(g, 1, 1, 1, 2, 0) {
		m.Spec.Endpoints = append(m.Spec.Endpoints, g.endpoint())
	}
	if m.Spec.Endpoints == nil {
		m.Spec.Endpoints = []monitoringv1.Endpoint{}
	}
	return m
}

func (g generator) podMonitor(i int) *monitoringv1.PodMonitor {
	m := &monitoringv1.PodMonitor{ObjectMeta: g.meta("p", i)}
	m.Spec = monitoringv1.PodMonitorSpec{
		Selector: g.selector(), NamespaceSelector: g.namespaceSelector(),
		SelectorMechanism: may(g, 6, monitoringv1.SelectorMechanismRole),
	}
	m.Spec.PodMetricsEndpoints = []monitoringv1.PodMetricsEndpoint{{Port: pick(g, new("metrics"), nil), RelabelConfigs: g.relabelings()}}
	return m
}

func (g generator) meta(kind string, i int) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: g.namespace(), Name: fmt.Sprintf("%s%04d", kind, i),
		Labels: map[string]string{"release": pick(g, "a", "b", "c", "d"), "tier": pick(g, "x", "y", "z")},
	}
}
