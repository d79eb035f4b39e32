package metricsapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	resourcemetrics "k8s.io/metrics/pkg/apis/metrics/v1beta1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/kong-latency/kong-latency/test/control/metricsapi"
	"github.com/kong-latency/kong-latency/test/control/settings"
	"github.com/kong-latency/kong-latency/test/control/workload"
)

// fixture is the metrics of one workload with four pods, five minutes after its start.
func fixture(t *testing.T) (metricsapi.Metrics, string) {
	t.Helper()
	cases, err := settings.Named("slots4-constant-cpu")
	if err != nil {
		t.Fatal(err)
	}
	w := workload.New(cases[0], 0)
	w.SetDeployment(&appsv1.Deployment{Spec: appsv1.DeploymentSpec{Replicas: ptr.To[int32](4)}})
	for _, name := range []string{"a", "b", "c", "d"} {
		w.SetPod(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	w.Start()
	w.Advance(5 * time.Minute)
	return metricsapi.Metrics{w.Name(): w}, w.Name()
}

func TestCustomMetrics(t *testing.T) {
	m, name := fixture(t)
	if all := m.ListAllMetrics(); len(all) != len(settings.Signals()) {
		t.Errorf("%d metrics are listed: %v", len(all), all)
	}
	info := provider.CustomMetricInfo{GroupResource: schema.GroupResource{Resource: "services"}, Namespaced: true, Metric: settings.Rate}
	got, err := m.GetMetricByName(t.Context(), types.NamespacedName{Namespace: "default", Name: name}, info, nil)
	if err != nil {
		t.Fatal(err)
	}
	if v := got.Value.MilliValue(); v < 599_000 || v > 601_000 || got.DescribedObject.Name != name {
		t.Errorf("%+v, want 600 requests a second", got)
	}
	if _, err := m.GetMetricByName(t.Context(), types.NamespacedName{Namespace: "default", Name: "other"}, info, nil); !apierrors.IsNotFound(err) {
		t.Errorf("of another Service: %v", err)
	}
}

func TestResourceMetrics(t *testing.T) {
	m, name := fixture(t)
	get := func(path string, into any) {
		t.Helper()
		answer := httptest.NewRecorder()
		m.Resource().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		if err := json.Unmarshal(answer.Body.Bytes(), into); err != nil {
			t.Fatal(err)
		}
	}
	var pods resourcemetrics.PodMetricsList
	get(metricsapi.ResourcePrefix+"v1beta1/namespaces/default/pods?labelSelector=app%3D"+name, &pods)
	if len(pods.Items) != 4 || pods.Items[0].Name != "a" {
		t.Fatalf("%+v, want four pods", pods)
	}
	if v := pods.Items[0].Containers[0].Usage.Cpu().MilliValue(); v < 2990 || v > 3010 {
		t.Errorf("%d thousandths of a core, want three cores", v)
	}
	var none resourcemetrics.PodMetricsList
	get(metricsapi.ResourcePrefix+"v1beta1/namespaces/default/pods?labelSelector=app%3Dother", &none)
	if len(none.Items) != 0 {
		t.Errorf("%+v, want no pods", none)
	}
	var resources metav1.APIResourceList
	get(metricsapi.ResourcePrefix+"v1beta1", &resources)
	if len(resources.APIResources) != 1 || resources.APIResources[0].Name != "pods" {
		t.Errorf("%+v, want pods", resources)
	}
}
