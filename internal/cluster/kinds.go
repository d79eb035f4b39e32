package cluster

import (
	"fmt"
	"maps"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// Namespaces, monitors, gateways and Kong's objects may be in any namespace, and
// which is known at run time only; so these rights are cluster-wide. They are to
// read only, and nothing among it is a secret.
//
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=list;watch
// +kubebuilder:rbac:groups=monitoring.coreos.com,resources=servicemonitors;prometheuses,verbs=list;watch
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=gatewayclasses;gateways;httproutes,verbs=list;watch
// +kubebuilder:rbac:groups=gateway-operator.konghq.com,resources=dataplanemetricsextensions;controlplanes;gatewayconfigurations,verbs=list;watch
//
// +kubebuilder:rbac:groups=apiregistration.k8s.io,resources=apiservices,resourceNames=v1beta1.custom.metrics.k8s.io,verbs=list;watch

// kinds are the readers of every kind that a snapshot is made of.
type kinds struct {
	namespaces            *reader[pipeline.Namespace]
	serviceMonitors       *reader[*monitoringv1.ServiceMonitor]
	prometheuses          *reader[*monitoringv1.Prometheus]
	extensions            *reader[pipeline.Extension]
	controlPlanes         *reader[pipeline.ControlPlane]
	gatewayConfigurations *reader[pipeline.GatewayConfiguration]
	gatewayClasses        *reader[*gatewayv1.GatewayClass]
	gateways              *reader[*gatewayv1.Gateway]
	httpRoutes            *reader[*gatewayv1.HTTPRoute]
	metricsAPI            *reader[pipeline.MetricsAPI]
	policies              *reader[v1alpha1.LatencyPolicy]
	scaledObjects         *reader[model.Autoscaler]
}

func newKinds(d deps) *kinds {
	monitoring := schema.GroupVersion{Group: "monitoring.coreos.com", Version: "v1"}
	gateway := schema.GroupVersion{Group: "gateway.networking.k8s.io", Version: "v1"}
	kong := func(version string) schema.GroupVersion {
		return schema.GroupVersion{Group: kongGroup, Version: version}
	}
	k := &kinds{
		namespaces:      newReader(d, namespace, corev1.SchemeGroupVersion.WithResource("namespaces")),
		serviceMonitors: newReader(d, serviceMonitor, monitoring.WithResource("servicemonitors")),
		prometheuses:    newReader(d, prometheus, monitoring.WithResource("prometheuses")),
		extensions:      newReader(d, extension, kong("v1alpha1").WithResource("dataplanemetricsextensions")),
		controlPlanes: newReader(d, controlPlane,
			kong("v2beta1").WithResource("controlplanes"), kong("v1beta1").WithResource("controlplanes")),
		// In v1beta1 some references to extensions are not shown.
		gatewayConfigurations: newReader(d, gatewayConfiguration, kong("v2beta1").WithResource("gatewayconfigurations")),
		gatewayClasses:        newReader(d, gatewayClass, gateway.WithResource("gatewayclasses")),
		gateways:              newReader(d, gatewayOf, gateway.WithResource("gateways")),
		httpRoutes:            newReader(d, httpRoute, gateway.WithResource("httproutes")),
		metricsAPI: newReader(d, metricsAPI,
			schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}),
	}
	k.metricsAPI.only = metricsAPIName
	k.policies = newReader(d, latencyPolicy, policyResource)
	k.scaledObjects = newReader(d, scaledObject, scaledObjectResource)
	return k
}

func (k *kinds) all() []kind {
	return []kind{
		k.namespaces, k.serviceMonitors, k.prometheuses, k.extensions, k.controlPlanes,
		k.gatewayConfigurations, k.gatewayClasses, k.gateways, k.httpRoutes, k.metricsAPI, k.policies,
		k.scaledObjects,
	}
}

// snapshot is what the kinds hold of a snapshot: all but the adapter and the
// operator's Services.
func (k *kinds) snapshot(at places) *pipeline.Snapshot {
	return &pipeline.Snapshot{
		Namespaces:            k.namespaces.set(),
		ServiceMonitors:       k.serviceMonitors.set(),
		Prometheuses:          onlyNamed(k.prometheuses.set(), at.prometheus),
		Extensions:            k.extensions.set(),
		ControlPlanes:         k.controlPlanes.set(),
		GatewayConfigurations: k.gatewayConfigurations.set(),
		GatewayClasses:        k.gatewayClasses.set(),
		Gateways:              k.gateways.set(),
		HTTPRoutes:            k.httpRoutes.set(),
		MetricsAPI:            metricsAPIOf(k.metricsAPI.set()),
	}
}

func namespace(u *unstructured.Unstructured) (pipeline.Namespace, error) {
	return pipeline.Namespace{Name: u.GetName(), Labels: u.GetLabels()}, nil
}

func serviceMonitor(u *unstructured.Unstructured) (*monitoringv1.ServiceMonitor, error) {
	var full monitoringv1.ServiceMonitor
	err := typed(u, &full)
	return &monitoringv1.ServiceMonitor{TypeMeta: full.TypeMeta, ObjectMeta: plainMeta(full.ObjectMeta), Spec: full.Spec}, err
}

func prometheus(u *unstructured.Unstructured) (*monitoringv1.Prometheus, error) {
	var full monitoringv1.Prometheus
	err := typed(u, &full)
	return &monitoringv1.Prometheus{TypeMeta: full.TypeMeta, ObjectMeta: plainMeta(full.ObjectMeta), Spec: full.Spec}, err
}

func gatewayClass(u *unstructured.Unstructured) (*gatewayv1.GatewayClass, error) {
	var full gatewayv1.GatewayClass
	err := typed(u, &full)
	return &gatewayv1.GatewayClass{TypeMeta: full.TypeMeta, ObjectMeta: plainMeta(full.ObjectMeta), Spec: full.Spec}, err
}

func gatewayOf(u *unstructured.Unstructured) (*gatewayv1.Gateway, error) {
	var full gatewayv1.Gateway
	err := typed(u, &full)
	return &gatewayv1.Gateway{TypeMeta: full.TypeMeta, ObjectMeta: plainMeta(full.ObjectMeta), Spec: full.Spec}, err
}

func httpRoute(u *unstructured.Unstructured) (*gatewayv1.HTTPRoute, error) {
	var full gatewayv1.HTTPRoute
	err := typed(u, &full)
	return &gatewayv1.HTTPRoute{TypeMeta: full.TypeMeta, ObjectMeta: plainMeta(full.ObjectMeta), Spec: full.Spec}, err
}

func typed(u *unstructured.Unstructured, into any) error {
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, into); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	return nil
}

// plainMeta keeps of an object's metadata what people write, so that a fix can
// give the object back as it was, and nothing that changes with every write.
func plainMeta(m metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: m.Namespace, Name: m.Name, Labels: m.Labels, Annotations: plainAnnotations(m.Annotations)}
}

// plainAnnotations leaves out kubectl's copy of the whole object.
func plainAnnotations(all map[string]string) map[string]string {
	if _, applied := all[corev1.LastAppliedConfigAnnotation]; !applied {
		return all
	}
	out := maps.Clone(all)
	delete(out, corev1.LastAppliedConfigAnnotation)
	if len(out) == 0 {
		return nil
	}
	return out
}
