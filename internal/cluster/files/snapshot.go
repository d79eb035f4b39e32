package files

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/cluster/discover"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// contents are objects, read as if they were all that a cluster has of the metric
// pipeline.
type contents struct {
	objects []*unstructured.Unstructured
	places  discover.Places
	errs    []objectError
}

// objectError says why an object cannot be what its kind says.
type objectError struct {
	Object *unstructured.Unstructured
	Err    error
}

// newContents does not change the objects. Places are those that policies name.
func newContents(objects []*unstructured.Unstructured, named policy.Places) *contents {
	return &contents{objects: objects, places: discover.Places{}.With(named)}
}

// snapshot is the picture of the objects, and the objects that cannot be
// understood.
//
// Files are a part of what will be in a cluster. So a kind is Known, and its
// absence a fact, only if some object of it is among them; of all others nothing
// is known. There are exceptions. Kong Operator makes the ControlPlanes of Gateways, which
// therefore are in no file. Namespaces are Known only if every one is there that is used.
// Files with routes have none of the kinds of routes that are not among them. And the other
// ways by which Prometheus gets series are those in the files: otherwise nothing could be
// said about most of them.
func (m *contents) snapshot() (*pipeline.Snapshot, []objectError) {
	m.errs = nil
	s := &pipeline.Snapshot{
		Namespaces:            m.namespaces(),
		OperatorServices:      m.operatorServices(),
		ServiceMonitors:       setOf(m, convert.ServiceMonitor, ofKind(convert.MonitoringGroup, "ServiceMonitor")),
		Prometheuses:          setOf(m, convert.Prometheus, ofKind(convert.MonitoringGroup, "Prometheus")),
		PodMonitors:           orNone(setOf(m, convert.PodMonitor, ofKind(convert.MonitoringGroup, "PodMonitor"))),
		ScrapeConfigs:         orNone(setOf(m, convert.ScrapeConfig, ofKind(convert.MonitoringGroup, "ScrapeConfig"))),
		RecordingRules:        orNone(setOf(m, convert.RecordingRules, ofKind(convert.MonitoringGroup, "PrometheusRule"))),
		Extensions:            setOf(m, convert.Extension, ofKind(convert.KongGroup, "DataPlaneMetricsExtension")),
		ControlPlanes:         setOf(m, convert.ControlPlane, ofKind(convert.KongGroup, "ControlPlane")),
		GatewayConfigurations: m.gatewayConfigurations(),
		GatewayClasses:        setOf(m, convert.GatewayClass, ofKind(gatewayv1.GroupName, "GatewayClass")),
		Gateways:              setOf(m, convert.Gateway, ofKind(gatewayv1.GroupName, "Gateway")),
		HTTPRoutes:            setOf(m, writtenRoute, ofKind(gatewayv1.GroupName, "HTTPRoute")),
		MetricsAPI:            m.metricsAPI(),
	}
	if s.ControlPlanes.State != pipeline.Known && s.Gateways.State == pipeline.Known {
		s.ControlPlanes = pipeline.KnownSet[pipeline.ControlPlane]()
	}
	if m.places.Prometheus.Name != "" {
		s.Prometheuses = m.places.Prometheuses(s.Prometheuses)
		if len(s.Prometheuses.Items) == 0 {
			s.Prometheuses = absent[*monitoringv1.Prometheus]()
		}
	}
	m.routing(s)
	s.Adapter = m.adapter()
	return s, m.errs
}

// notInFiles is why something is not known.
const notInFiles = "it is not in the files"

func absent[T any]() pipeline.Set[T] {
	return pipeline.Set[T]{State: pipeline.Unreadable, Why: notInFiles}
}

// orNone is the set, or an empty one if there is no object of the kind.
func orNone[T any](set pipeline.Set[T]) pipeline.Set[T] {
	if set.State == pipeline.Unreadable && len(set.Items) == 0 && set.Why == notInFiles {
		return pipeline.KnownSet[T]()
	}
	return set
}

func ofKind(group, kind string) func(*unstructured.Unstructured) bool {
	return func(u *unstructured.Unstructured) bool {
		gvk := u.GroupVersionKind()
		return gvk.Group == group && gvk.Kind == kind
	}
}

// setOf is all objects of a kind; those that cannot be converted make it Unreadable.
func setOf[T any](m *contents, from func(*unstructured.Unstructured) (T, error), is func(*unstructured.Unstructured) bool) pipeline.Set[T] {
	items := map[types.NamespacedName]T{}
	var keys []types.NamespacedName
	failed := false
	for _, u := range m.objects {
		if !is(u) {
			continue
		}
		item, err := from(u)
		if err != nil {
			m.errs = append(m.errs, objectError{u, err})
			failed = true
			continue
		}
		key := client.ObjectKeyFromObject(u)
		if _, twice := items[key]; !twice {
			keys = append(keys, key)
		}
		items[key] = item // of two with the same name the later one is applied last
	}
	if failed || len(keys) == 0 {
		return absent[T]()
	}
	slices.SortFunc(keys, func(a, b types.NamespacedName) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	out := pipeline.KnownSet[T]()
	for _, key := range keys {
		out.Items = append(out.Items, items[key])
	}
	return out
}

// namespaces are Known if none is used that is not there. Each has the label that
// the API server gives it.
func (m *contents) namespaces() pipeline.Set[pipeline.Namespace] {
	set := setOf(m, labelledNamespace, ofKind("", "Namespace"))
	for _, u := range m.objects {
		used := u.GetNamespace()
		if used != "" && !slices.ContainsFunc(set.Items, func(n pipeline.Namespace) bool { return n.Name == used }) {
			set.State, set.Why = pipeline.Unreadable, "Namespace "+used+" is not in the files"
		}
	}
	return set
}

func labelledNamespace(u *unstructured.Unstructured) (pipeline.Namespace, error) {
	labels := map[string]string{}
	for k, v := range u.GetLabels() {
		labels[k] = v
	}
	labels[corev1.LabelMetadataName] = u.GetName()
	return pipeline.Namespace{Name: u.GetName(), Labels: labels}, nil
}

// operatorServices are the Services that may be the one of Kong Operator's
// metrics, or the one that is named.
func (m *contents) operatorServices() pipeline.Set[pipeline.OperatorService] {
	is := ofKind("", "Service")
	set := setOf(m, func(u *unstructured.Unstructured) (pipeline.OperatorService, error) {
		var s corev1.Service
		err := convert.Typed(u, &s)
		return discover.OperatorService(&s), err
	}, func(u *unstructured.Unstructured) bool {
		if n := m.places.OperatorService; n.Name != "" {
			return is(u) && client.ObjectKeyFromObject(u) == n
		}
		return is(u) && discover.IsOperatorService(u.GetNamespace(), u.GetName(), u.GetLabels())
	})
	discover.Corroborate(set.Items, m.deployments)
	return set
}

// deployments are those of a namespace. One that cannot be understood is reported elsewhere.
func (m *contents) deployments(namespace string) ([]appsv1.Deployment, error) {
	is, some := ofKind(appsv1.GroupName, "Deployment"), false
	var out []appsv1.Deployment
	for _, u := range m.objects {
		if !is(u) {
			continue
		}
		some = true
		if u.GetNamespace() != namespace {
			continue
		}
		var d appsv1.Deployment
		if err := convert.Typed(u, &d); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	if !some {
		return nil, errors.New(notInFiles)
	}
	return out, nil
}

// gatewayConfigurations are Unreadable if one is of an old version, whose references
// are in other fields.
func (m *contents) gatewayConfigurations() pipeline.Set[pipeline.GatewayConfiguration] {
	is := ofKind(convert.KongGroup, "GatewayConfiguration")
	for _, u := range m.objects {
		if version := u.GroupVersionKind().Version; is(u) && version != "v2beta1" {
			return pipeline.Set[pipeline.GatewayConfiguration]{State: pipeline.Unreadable,
				Why: fmt.Sprintf("%s is of version %s, and v2beta1 is read", client.ObjectKeyFromObject(u), version)}
		}
	}
	return setOf(m, convert.GatewayConfiguration, is)
}

// metricsAPI is the APIService, assumed to be available: files cannot say.
func (m *contents) metricsAPI() pipeline.MetricsAPI {
	is := ofKind("apiregistration.k8s.io", "APIService")
	set := setOf(m, convert.MetricsAPI, func(u *unstructured.Unstructured) bool {
		return is(u) && slices.Contains(discover.MetricsAPINames(), u.GetName())
	})
	api := discover.MetricsAPI(set)
	api.Available, api.Message = api.Registered, ""
	return api
}

// autoscalerIn is what matters of an object that is an autoscaler; ok is false if it is none.
func autoscalerIn(u *unstructured.Unstructured) (a model.Autoscaler, ok bool, err error) {
	if ofKind(autoscalingv2.GroupName, model.KindHPA)(u) {
		// Its older versions agree in what matters.
		var h autoscalingv2.HorizontalPodAutoscaler
		if err := convert.Typed(u, &h); err != nil {
			return model.Autoscaler{}, true, err
		}
		return convert.Autoscaler(&h), true, nil
	}
	for _, k := range autoscalerKinds {
		if ofKind(k.group, k.kind)(u) {
			a, err = k.convert(u)
			return a, true, err
		}
	}
	return model.Autoscaler{}, false, nil
}
