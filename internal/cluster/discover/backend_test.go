package discover

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

func TestBackendOfAURL(t *testing.T) {
	alias := func(to string) corev1.ServiceSpec {
		return corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: to}
	}
	services := map[string]corev1.ServiceSpec{
		"monitoring/prometheus": {Selector: map[string]string{"prometheus": "main"}},
		"monitoring/alias":      alias("prometheus.monitoring.svc.cluster.local"),
		"apps/alias":            alias("alias.monitoring.svc"),
		"apps/outside":          alias("a.mimir.example.com"),
		"apps/circle":           alias("circle.apps.svc"),
		"apps/nowhere":          alias("gone.monitoring.svc"),
	}
	get := func(name types.NamespacedName) (*corev1.Service, error) {
		if name.Namespace == "closed" {
			return nil, errors.New("closed")
		}
		spec, ok := services[name.String()]
		if !ok {
			return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "services"}, name.Name)
		}
		return &corev1.Service{Spec: spec}, nil
	}
	prometheus := pipeline.Backend{
		State: pipeline.Known, Found: true,
		Service:  types.NamespacedName{Namespace: "monitoring", Name: "prometheus"},
		Selector: map[string]string{"prometheus": "main"},
	}
	for url, want := range map[string]pipeline.Backend{
		"http://prometheus.monitoring.svc:9090/x": prometheus,
		"http://prometheus":                       prometheus,
		"http://alias":                            prometheus,
		"http://alias.apps.svc":                   prometheus,
		"http://outside.apps.svc": {State: pipeline.Known, Found: true, External: "a.mimir.example.com",
			Service: types.NamespacedName{Namespace: "apps", Name: "outside"}},
		"http://nowhere.apps.svc": {State: pipeline.Known, Service: types.NamespacedName{Namespace: "monitoring", Name: "gone"}},
		"http://circle.apps.svc":  {State: pipeline.Unreadable, Why: "Service apps/circle is an alias of an alias"},
		"http://any.closed.svc":   {State: pipeline.Unreadable, Why: "reading Service closed/any fails: closed"},
		"http://10.0.0.1:9090":    {},
		"":                        {},
	} {
		if diff := cmp.Diff(want, Backend(url, "monitoring", get)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", url, diff)
		}
	}
}
