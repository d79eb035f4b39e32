// Package pipelinetest builds snapshots for tests of the metric pipeline: good ones,
// changes to them, and what applying the fix of a finding makes of them.
package pipelinetest

import (
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// Subject is the Service of the guide.
var Subject = pipeline.Subject{Namespace: "default", Service: "echo", Metric: annotations.DefaultMetric}

// Good is a cluster in which the metric of Subject arrives: the guide's
// rule, kube-prometheus-stack as release prometheus, chart kong-operator 1.2 in
// kong-system, one Gateway with one route to Service echo. Every call makes a new
// one, which may be changed in place.
func Good() *pipeline.Snapshot {
	return &pipeline.Snapshot{
		Namespaces: pipeline.KnownSet(GoodNamespace("default"), GoodNamespace("kong-system"), GoodNamespace("prometheus")),
		OperatorServices: pipeline.KnownSet(pipeline.OperatorService{
			Namespace: "kong-system", Name: "kong-operator-metrics",
			Labels: map[string]string{
				"app.kubernetes.io/component": "ko",
				"app.kubernetes.io/instance":  "kong-operator",
				"app.kubernetes.io/name":      "kong-operator",
				"control-plane":               "controller-manager",
			},
			Ports: []pipeline.ServicePort{{Name: "http", Port: 8080, TargetPort: "metrics"}},
		}),
		ServiceMonitors: pipeline.KnownSet(generator.ServiceMonitor(generator.Monitor{
			Namespace: "kong-system", Name: "gateway-operator",
			Labels:        map[string]string{"release": "prometheus"},
			ServiceLabels: map[string]string{"control-plane": "controller-manager"},
			Port:          "http",
		})),
		Prometheuses: pipeline.KnownSet(GoodPrometheus()),
		PodMonitors:  pipeline.KnownSet[pipeline.PodMonitor](), ScrapeConfigs: pipeline.KnownSet[pipeline.ScrapeConfig](),
		RecordingRules: pipeline.KnownSet[pipeline.RecordingRules](),
		Extensions:     pipeline.KnownSet(pipeline.Extension{Namespace: "default", Name: "kong", Services: []string{"echo"}, Latency: true}),
		ControlPlanes: pipeline.KnownSet(pipeline.ControlPlane{
			Namespace: "default", Name: "kong-abcde", Gateway: "kong",
			Extensions:         []pipeline.ExtensionRef{GoodRef()},
			AcceptedExtensions: "True",
		}),
		GatewayConfigurations: pipeline.KnownSet(pipeline.GatewayConfiguration{
			Namespace: "default", Name: "kong", Extensions: []pipeline.ExtensionRef{GoodRef()},
		}),
		GatewayClasses: pipeline.KnownSet(goodClass()),
		Gateways: pipeline.KnownSet(&gatewayv1.Gateway{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "kong"},
			Spec: gatewayv1.GatewaySpec{
				GatewayClassName: "kong",
				Listeners:        []gatewayv1.Listener{{Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType}},
			},
		}),
		HTTPRoutes: pipeline.KnownSet(GoodRoute()),

		ReferenceGrants: pipeline.KnownSet[pipeline.ReferenceGrant](),
		Ingresses:       pipeline.KnownSet[pipeline.Ingress](),
		IngressClasses:  pipeline.KnownSet[pipeline.IngressClass](),
		OtherRoutes:     pipeline.KnownSet[pipeline.OtherRoute](),

		MetricsAPI: pipeline.MetricsAPI{
			State: pipeline.Known, Registered: true, Available: true,
			ServiceNamespace: "prometheus", ServiceName: "prometheus-adapter",
		},
		Adapter: GoodAdapter(),
	}
}

// GoodNamespace is a namespace of the good snapshot, with the label of its name.
func GoodNamespace(name string) pipeline.Namespace {
	return pipeline.Namespace{Name: name, Labels: map[string]string{"kubernetes.io/metadata.name": name}}
}

// GoodRef is the reference to the extension of the good snapshot.
func GoodRef() pipeline.ExtensionRef {
	return pipeline.ExtensionRef{Group: "gateway-operator.konghq.com", Kind: "DataPlaneMetricsExtension", Name: "kong"}
}

// GoodPrometheus is what kube-prometheus-stack makes by default.
func GoodPrometheus() *monitoringv1.Prometheus {
	p := &monitoringv1.Prometheus{
		ObjectMeta: metav1.ObjectMeta{Namespace: "prometheus", Name: "prometheus-kube-prometheus-prometheus"},
	}
	p.Spec.ServiceMonitorSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"release": "prometheus"}}
	p.Spec.ServiceMonitorNamespaceSelector = &metav1.LabelSelector{}
	p.Spec.PodMonitorSelector, p.Spec.PodMonitorNamespaceSelector = p.Spec.ServiceMonitorSelector, &metav1.LabelSelector{}
	p.Spec.ScrapeInterval = "30s"
	return p
}

func goodClass() *gatewayv1.GatewayClass {
	return &gatewayv1.GatewayClass{
		ObjectMeta: metav1.ObjectMeta{Name: "kong"},
		Spec: gatewayv1.GatewayClassSpec{
			ControllerName: "konghq.com/gateway-operator",
			ParametersRef: &gatewayv1.ParametersReference{
				Group: "gateway-operator.konghq.com", Kind: "GatewayConfiguration",
				Namespace: ptr.To(gatewayv1.Namespace("default")), Name: "kong",
			},
		},
	}
}

// GoodRoute is the HTTPRoute of the good snapshot.
func GoodRoute() *gatewayv1.HTTPRoute {
	r := &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "echo"}}
	r.Spec.ParentRefs = []gatewayv1.ParentReference{{Name: "kong"}}
	r.Spec.Rules = []gatewayv1.HTTPRouteRule{{
		Matches: []gatewayv1.HTTPRouteMatch{{Path: &gatewayv1.HTTPPathMatch{
			Type: ptr.To(gatewayv1.PathMatchPathPrefix), Value: ptr.To("/echo"),
		}}},
		BackendRefs: []gatewayv1.HTTPBackendRef{{BackendRef: gatewayv1.BackendRef{BackendObjectReference: gatewayv1.BackendObjectReference{
			Group: ptr.To(gatewayv1.Group("")), Kind: ptr.To(gatewayv1.Kind("Service")),
			Name: "echo", Port: ptr.To(gatewayv1.PortNumber(80)),
		}}}},
	}}
	return r
}

// GoodAdapter is the prometheus-adapter of the good snapshot, with the rule of Kong's guide.
func GoodAdapter() pipeline.Adapter {
	a := pipeline.Adapter{
		State:         pipeline.Known,
		Deployment:    finding.Object{Kind: "Deployment", Namespace: "prometheus", Name: "prometheus-adapter"},
		ConfigMap:     finding.Object{Kind: "ConfigMap", Namespace: "prometheus", Name: "prometheus-adapter"},
		Key:           "config.yaml",
		HelmRelease:   "prometheus-adapter",
		PrometheusURL: "http://prometheus-kube-prometheus-prometheus.prometheus.svc:9090",
	}
	Configure(&a, generator.AdapterConfig(generator.SeedAdapterRule()))
	return a
}

// Configure gives the adapter another configuration, as the cluster would be read.
func Configure(a *pipeline.Adapter, document string) {
	a.Document = document
	a.Config, a.ParseError = adapterconfig.Parse([]byte(document), adapterconfig.CoreResources)
}
