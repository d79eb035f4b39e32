package watch

import (
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/cluster/discover"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// Namespaces, monitors, gateways and Kong's objects may be in any namespace, and
// which is known at run time only; so these rights are cluster-wide. They are to
// read only, and nothing among it is a secret.
//
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=list;watch
// +kubebuilder:rbac:groups=monitoring.coreos.com,resources=servicemonitors;podmonitors;scrapeconfigs;prometheuses;prometheusrules,verbs=list;watch
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=gatewayclasses;gateways;httproutes,verbs=list;watch
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=referencegrants;grpcroutes;tcproutes;tlsroutes,verbs=list;watch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=ingresses;ingressclasses,verbs=list;watch
// +kubebuilder:rbac:groups=configuration.konghq.com,resources=tcpingresses,verbs=list;watch
// +kubebuilder:rbac:groups=gateway-operator.konghq.com,resources=dataplanemetricsextensions;controlplanes;gatewayconfigurations,verbs=list;watch
//
// +kubebuilder:rbac:groups=kong.latency,resources=latencypolicies,verbs=list;watch
// +kubebuilder:rbac:groups=keda.sh,resources=scaledobjects,verbs=list;watch
// +kubebuilder:rbac:groups=http.keda.sh,resources=httpscaledobjects,verbs=list;watch
// +kubebuilder:rbac:groups=datadoghq.com,resources=datadogpodautoscalers;watermarkpodautoscalers,verbs=list;watch
// +kubebuilder:rbac:groups=apps,resources=statefulsets;daemonsets;replicasets,verbs=list;watch
// +kubebuilder:rbac:groups=argoproj.io,resources=rollouts,verbs=list;watch
// +kubebuilder:rbac:groups=flagger.app,resources=canaries,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=limitranges,verbs=list;watch
//
// +kubebuilder:rbac:groups=apiregistration.k8s.io,resources=apiservices,resourceNames=v1beta1.custom.metrics.k8s.io;v1beta2.custom.metrics.k8s.io,verbs=list;watch

// kinds are the readers of every kind that a snapshot is made of.
type kinds struct {
	namespaces            *reader[pipeline.Namespace]
	serviceMonitors       *reader[*monitoringv1.ServiceMonitor]
	prometheuses          *reader[*monitoringv1.Prometheus]
	podMonitors           *reader[pipeline.PodMonitor]
	scrapeConfigs         *reader[pipeline.ScrapeConfig]
	recordingRules        *reader[pipeline.RecordingRules]
	extensions            *reader[pipeline.Extension]
	controlPlanes         *reader[pipeline.ControlPlane]
	gatewayConfigurations *reader[pipeline.GatewayConfiguration]
	gatewayClasses        *reader[*gatewayv1.GatewayClass]
	gateways              *reader[*gatewayv1.Gateway]
	httpRoutes            *reader[*gatewayv1.HTTPRoute]
	routing               *routing
	metricsAPIs           []*reader[pipeline.MetricsAPI] // one for each version
	policies              *reader[v1alpha1.LatencyPolicy]
	neighbors             neighborKinds
}

func newKinds(d deps) *kinds {
	monitoring := schema.GroupVersion{Group: convert.MonitoringGroup, Version: "v1"}
	gateway := schema.GroupVersion{Group: gatewayv1.GroupName, Version: "v1"}
	kong := func(version string) schema.GroupVersion {
		return schema.GroupVersion{Group: convert.KongGroup, Version: version}
	}
	k := &kinds{
		namespaces:      newReader(d, convert.Namespace, corev1.SchemeGroupVersion.WithResource("namespaces")),
		serviceMonitors: newReader(d, convert.ServiceMonitor, monitoring.WithResource("servicemonitors")),
		prometheuses:    newReader(d, convert.Prometheus, monitoring.WithResource("prometheuses")),
		podMonitors:     newReader(d, convert.PodMonitor, monitoring.WithResource("podmonitors")),
		scrapeConfigs: newReader(d, convert.ScrapeConfig,
			schema.GroupVersionResource{Group: convert.MonitoringGroup, Version: "v1alpha1", Resource: "scrapeconfigs"}),
		recordingRules: newReader(d, convert.RecordingRules, monitoring.WithResource("prometheusrules")),
		extensions:     newReader(d, convert.Extension, kong("v1alpha1").WithResource("dataplanemetricsextensions")),
		controlPlanes: newReader(d, convert.ControlPlane,
			kong("v2beta1").WithResource("controlplanes"), kong("v1beta1").WithResource("controlplanes")),
		// In v1beta1 some references to extensions are not shown.
		gatewayConfigurations: newReader(d, convert.GatewayConfiguration, kong("v2beta1").WithResource("gatewayconfigurations")),
		gatewayClasses:        newReader(d, convert.GatewayClass, gateway.WithResource("gatewayclasses")),
		gateways:              newReader(d, convert.Gateway, gateway.WithResource("gateways")),
		httpRoutes:            newReader(d, convert.HTTPRoute, gateway.WithResource("httproutes")),
		routing:               newRouting(d),
		policies:              newReader(d, convert.LatencyPolicy, v1alpha1.GroupVersion.WithResource("latencypolicies")),
		neighbors:             newNeighborKinds(d),
	}
	for _, name := range discover.MetricsAPINames() {
		r := newReader(d, convert.MetricsAPI, schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"})
		r.only, r.name = name, r.name+"/"+name
		k.metricsAPIs = append(k.metricsAPIs, r)
	}
	return k
}

func (k *kinds) metricsAPI() pipeline.MetricsAPI {
	var sets []pipeline.Set[pipeline.MetricsAPI]
	for _, r := range k.metricsAPIs {
		sets = append(sets, r.set())
	}
	return discover.MetricsAPI(sets...)
}

func (k *kinds) all() []kind {
	all := append(k.neighbors.all(),
		k.namespaces, k.serviceMonitors, k.podMonitors, k.scrapeConfigs, k.recordingRules, k.prometheuses, k.extensions, k.controlPlanes,
		k.gatewayConfigurations, k.gatewayClasses, k.gateways, k.httpRoutes, k.policies,
	)
	for _, r := range k.metricsAPIs {
		all = append(all, r)
	}
	return append(all, k.routing.all()...)
}

// snapshot is what the kinds hold of a snapshot: all but the adapter and the
// operator's Services.
func (k *kinds) snapshot(at discover.Places) *pipeline.Snapshot {
	s := &pipeline.Snapshot{
		Namespaces:            k.namespaces.set(),
		ServiceMonitors:       k.serviceMonitors.set(),
		PodMonitors:           k.podMonitors.set(),
		ScrapeConfigs:         k.scrapeConfigs.set(),
		RecordingRules:        k.recordingRules.set(),
		Prometheuses:          at.Prometheuses(k.prometheuses.set()),
		Extensions:            k.extensions.set(),
		ControlPlanes:         k.controlPlanes.set(),
		GatewayConfigurations: k.gatewayConfigurations.set(),
		GatewayClasses:        k.gatewayClasses.set(),
		Gateways:              k.gateways.set(),
		HTTPRoutes:            k.httpRoutes.set(),
		MetricsAPI:            k.metricsAPI(),
	}
	k.routing.into(s)
	return s
}
