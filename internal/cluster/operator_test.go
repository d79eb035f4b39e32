package cluster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

func TestServicesThatMayBeTheOperators(t *testing.T) {
	manager := map[string]string{"control-plane": "controller-manager"}
	ko := map[string]string{"control-plane": "controller-manager", "app.kubernetes.io/component": "ko"}
	for name, tc := range map[string]struct {
		namespace, name string
		labels          map[string]string
		want            bool
	}{
		"chart gateway-operator":     {"kong-system", "kgo-gateway-operator-metrics-service", manager, true},
		"chart kong-operator 1.1":    {"kong-system", "ko-kong-operator-metrics-service", ko, true},
		"chart kong-operator 1.2":    {"kong-system", "ko-kong-operator-metrics", ko, true},
		"full name of one's own":     {"kong-system", "gw-metrics", ko, true},
		"name by label":              {"infra", "gw-metrics-service", map[string]string{"control-plane": "controller-manager", "app.kubernetes.io/name": "gateway-operator"}, true},
		"kustomize":                  {"kong-system", "controller-manager-metrics-service", manager, true},
		"kustomize with prefix":      {"infra", "gateway-operator-controller-manager-metrics-service", manager, true},
		"kustomize of another":       {"cert-system", "controller-manager-metrics-service", manager, false},
		"another operator":           {"kong-system", "redis-operator-metrics-service", manager, false},
		"component alone":            {"kong-system", "ko-kong-operator", map[string]string{"app.kubernetes.io/component": "ko"}, false},
		"webhook":                    {"kong-system", "ko-kong-operator-webhook-metrics", ko, false},
		"config dump":                {"kong-system", "ko-kong-operator-config-dump", ko, false},
		"no labels":                  {"kong-system", "kgo-gateway-operator-metrics-service", nil, false},
		"operator's Service, not it": {"kong-system", "kgo-gateway-operator", manager, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := isOperatorService(tc.namespace, tc.name, tc.labels); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestOnlyTheOperatorsServiceKeepsLabelsAndPorts(t *testing.T) {
	full := func(name string) *corev1.Service {
		return &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: "kong-system", Name: name, Labels: map[string]string{"control-plane": "controller-manager", "a": "b"}},
			Spec: corev1.ServiceSpec{
				ClusterIP: "10.0.0.1",
				Ports: []corev1.ServicePort{
					{Name: "https", Port: 8443, TargetPort: intstr.FromString("metrics"), Protocol: corev1.ProtocolTCP, NodePort: 30000},
					{Name: "http", Port: 8080, TargetPort: intstr.FromInt32(8080)},
				},
			},
		}
	}
	strip := func(name string) *corev1.Service {
		out, err := stripService(full(name))
		if err != nil {
			t.Fatal(err)
		}
		return out.(*corev1.Service)
	}
	want := pipeline.OperatorService{
		Namespace: "kong-system", Name: "kong-operator-metrics",
		Labels: map[string]string{"control-plane": "controller-manager", "a": "b"},
		Ports:  []pipeline.ServicePort{{Name: "https", Port: 8443, TargetPort: "metrics"}, {Name: "http", Port: 8080, TargetPort: "8080"}},
	}
	if diff := cmp.Diff(want, operatorService(strip("kong-operator-metrics"))); diff != "" {
		t.Error(diff)
	}
	if other := strip("other"); other.Labels != nil || other.Spec.Ports != nil {
		t.Errorf("kept labels %v and ports %v of a Service that is of no interest", other.Labels, other.Spec.Ports)
	}
}

func TestNoServiceThatLooksLikeTheOperatorsProvesNothing(t *testing.T) {
	cached := func(objects ...client.Object) client.Reader {
		return fake.NewClientBuilder().WithObjects(objects...).WithIndex(&corev1.Service{}, indexOperator, func(o client.Object) []string {
			if isOperatorService(o.GetNamespace(), o.GetName(), o.GetLabels()) {
				return []string{operatorValue}
			}
			return nil
		}).Build()
	}
	service := func(namespace, name string) *corev1.Service {
		return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"control-plane": "controller-manager"}}}
	}
	looks := client.MatchingFields{indexOperator: operatorValue}
	if set := operatorCandidates(t.Context(), cached(service("a", "other-metrics")), looks); set.State != pipeline.Unreadable || len(set.Items) != 0 {
		t.Errorf("got %+v", set)
	}
	set := operatorCandidates(t.Context(), cached(service("b", "kong-operator-metrics"), service("a", "kong-operator-metrics"), service("a", "other-metrics")), looks)
	var got []string
	for _, s := range set.Items {
		got = append(got, s.Object().String())
	}
	if diff := cmp.Diff([]string{"Service a/kong-operator-metrics", "Service b/kong-operator-metrics"}, got); set.State != pipeline.Known || diff != "" {
		t.Error(set.State, diff)
	}
}
