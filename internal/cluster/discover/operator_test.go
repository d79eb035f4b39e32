package discover

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
			if got := IsOperatorService(tc.namespace, tc.name, tc.labels); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestNoServiceThatLooksLikeTheOperatorsProvesNothing(t *testing.T) {
	listed := func(objects ...client.Object) pipeline.Set[pipeline.OperatorService] {
		return ListOperatorServices(t.Context(), fake.NewClientBuilder().WithObjects(objects...).Build())
	}
	service := func(namespace, name string) *corev1.Service {
		return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"control-plane": "controller-manager"}}}
	}
	if set := listed(service("a", "other-metrics")); set.State != pipeline.Unreadable || len(set.Items) != 0 {
		t.Errorf("got %+v", set)
	}
	set := listed(service("b", "kong-operator-metrics"), service("a", "kong-operator-metrics"), service("a", "other-metrics"))
	var got []string
	for _, s := range set.Items {
		got = append(got, s.Object().String())
	}
	if diff := cmp.Diff([]string{"Service a/kong-operator-metrics", "Service b/kong-operator-metrics"}, got); set.State != pipeline.Known || diff != "" {
		t.Error(set.State, diff)
	}
}
