package discover

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

const rules = `rules: [{seriesQuery: 'a{}', resources: {overrides: {s: {resource: service}}}, metricsQuery: 'a'}]`

func adapterConfigMap() *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "monitoring", Name: "adapter", CreationTimestamp: metav1.NewTime(noon.Add(-time.Hour))},
		Data:       map[string]string{"config.yaml": rules},
	}
}

func adapterService() *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "monitoring", Name: "adapter"},
		Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": "adapter"}},
	}
}

var registered = pipeline.MetricsAPI{State: pipeline.Known, Registered: true, Available: true, ServiceNamespace: "monitoring", ServiceName: "adapter"}

// adapterCluster is what the AdapterReader of a test reads.
type adapterCluster struct {
	api       pipeline.MetricsAPI
	service   *corev1.Service
	pods      []*corev1.Pod
	configMap *corev1.ConfigMap
	named     ConfigMapKey
	// refuse returns the error of an API call about an object of this type.
	refuse func(client.Object) error
}

func (c *adapterCluster) reader() *AdapterReader {
	var objects []client.Object
	if c.service != nil {
		objects = append(objects, c.service)
	}
	for _, p := range c.pods {
		objects = append(objects, p)
	}
	if c.configMap != nil {
		objects = append(objects, c.configMap)
	}
	refuse := func(o client.Object) error {
		if c.refuse == nil {
			return nil
		}
		return c.refuse(o)
	}
	api := fake.NewClientBuilder().WithObjects(objects...).WithInterceptorFuncs(interceptor.Funcs{
		Get: func(ctx context.Context, api client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			if err := refuse(o); err != nil {
				return err
			}
			return api.Get(ctx, key, o, opts...)
		},
		List: func(ctx context.Context, api client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if err := refuse(&corev1.Pod{}); err != nil {
				return err
			}
			return api.List(ctx, list, opts...)
		},
	}).Build()
	return &AdapterReader{services: api, direct: api, parser: configParser{discover: someResources}}
}

func someResources(context.Context) ([]*metav1.APIResourceList, error) {
	return []*metav1.APIResourceList{{GroupVersion: "v1", APIResources: []metav1.APIResource{
		{Name: "services", SingularName: "service", Kind: "Service", Namespaced: true},
	}}}, nil
}

func forbidden() error {
	return apierrors.NewForbidden(schema.GroupResource{Resource: "things"}, "x", errors.New("no"))
}

func TestReadingTheAdapter(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*adapterCluster)
		state  pipeline.State
		why    string
	}{
		"complete":       {nil, pipeline.Known, ""},
		"no APIService":  {func(c *adapterCluster) { c.api.Registered = false }, pipeline.NotInstalled, "no custom metrics API is registered"},
		"API unreadable": {func(c *adapterCluster) { c.api = pipeline.MetricsAPI{State: pipeline.Unreadable, Why: "it rains"} }, pipeline.Unreadable, "could not be read: it rains"},
		"local API":      {func(c *adapterCluster) { c.api.ServiceName = "" }, pipeline.Unreadable, "has no Service"},
		"no Service":     {func(c *adapterCluster) { c.service = nil }, pipeline.Unreadable, "Service monitoring/adapter of the custom metrics API does not exist"},
		"no selector":    {func(c *adapterCluster) { c.service.Spec.Selector = nil }, pipeline.Unreadable, "selects no pods"},
		"no pods":        {func(c *adapterCluster) { c.pods = nil }, pipeline.Unreadable, "has no pods"},
		"other program":  {func(c *adapterCluster) { c.pods[0].Spec.Containers[0].Args = nil }, pipeline.Unreadable, "does not run prometheus-adapter"},
		"no ConfigMap":   {func(c *adapterCluster) { c.configMap = nil }, pipeline.Unreadable, "ConfigMap monitoring/adapter does not exist"},
		"no key":         {func(c *adapterCluster) { c.configMap.Data = nil }, pipeline.Unreadable, "ConfigMap monitoring/adapter has no key config.yaml"},
		"binary key": {func(c *adapterCluster) {
			c.configMap.Data, c.configMap.BinaryData = nil, map[string][]byte{"config.yaml": []byte(rules)}
		}, pipeline.Known, ""},
		"pods forbidden":      {func(c *adapterCluster) { c.refuse = refuseA[*corev1.Pod] }, pipeline.Unreadable, "reading the pods of Service monitoring/adapter is forbidden"},
		"ConfigMap forbidden": {func(c *adapterCluster) { c.refuse = refuseA[*metav1.PartialObjectMetadata] }, pipeline.Unreadable, "reading ConfigMap monitoring/adapter is forbidden"},
		"named": {func(c *adapterCluster) {
			c.named = ConfigMapKey{Name: types.NamespacedName{Namespace: "monitoring", Name: "adapter"}}
			c.service, c.pods = nil, nil
		}, pipeline.Known, ""},
		"named, with a key": {func(c *adapterCluster) {
			c.named = ConfigMapKey{Name: types.NamespacedName{Namespace: "monitoring", Name: "adapter"}, Key: "other"}
		}, pipeline.Unreadable, "has no key other"},
	} {
		t.Run(name, func(t *testing.T) {
			c := &adapterCluster{api: registered, service: adapterService(), configMap: adapterConfigMap(),
				pods: []*corev1.Pod{adapterPod("--config=/etc/adapter/config.yaml", "--prometheus-url=http://p:9090")}}
			if tc.change != nil {
				tc.change(c)
			}
			got := c.reader().Read(t.Context(), c.named, c.api, noon)
			if got.State != tc.state || !strings.Contains(got.Why, tc.why) || (got.Why == "") != (tc.why == "") {
				t.Errorf("got state %s because %q, want %s because %q", got.State, got.Why, tc.state, tc.why)
			}
			if (got.Config != nil) != (tc.state == pipeline.Known) || got.ParseError != nil {
				t.Errorf("got configuration %v and error %v", got.Config, got.ParseError)
			}
			if name == "complete" && (got.Deployment.String() != "Deployment monitoring/adapter" || got.PrometheusURL != "http://p:9090" ||
				got.ConfigMap.String() != "ConfigMap monitoring/adapter" || got.Key != "config.yaml") {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// refuseA refuses to read objects of one type.
func refuseA[T client.Object](o client.Object) error {
	if _, ok := o.(T); ok {
		return forbidden()
	}
	return nil
}

func TestAnUnchangedConfigMapIsNotParsedAgain(t *testing.T) {
	full := 0
	c := &adapterCluster{api: registered, service: adapterService(), configMap: adapterConfigMap(),
		pods: []*corev1.Pod{adapterPod("--config=/etc/adapter/config.yaml")}}
	c.refuse = func(o client.Object) error {
		if _, ok := o.(*corev1.ConfigMap); ok {
			full++
		}
		return nil
	}
	r := c.reader()
	first := r.Read(t.Context(), c.named, c.api, noon)
	again := r.Read(t.Context(), c.named, c.api, noon.Add(time.Minute))
	if first.Config == nil || first.Config != again.Config || full != 1 {
		t.Errorf("got %p, then %p, after reading the data %d times", first.Config, again.Config, full)
	}
	var cm corev1.ConfigMap
	writer := r.direct.(client.Client)
	if err := writer.Get(t.Context(), types.NamespacedName{Namespace: "monitoring", Name: "adapter"}, &cm); err != nil {
		t.Fatal(err)
	}
	cm.Labels = map[string]string{"a": "b"}
	if err := writer.Update(t.Context(), &cm); err != nil {
		t.Fatal(err)
	}
	if labelled := r.Read(t.Context(), c.named, c.api, noon); labelled.Config != first.Config {
		t.Error("parsed again although only a label changed")
	}
	cm.Data["config.yaml"] = "rules: []"
	if err := writer.Update(t.Context(), &cm); err != nil {
		t.Fatal(err)
	}
	if edited := r.Read(t.Context(), c.named, c.api, noon); edited.Config == first.Config || edited.Config.Len() != 0 {
		t.Error("did not parse the new text")
	}
}

func TestPending(t *testing.T) {
	managed := func(fields string, minutes int) metav1.ManagedFieldsEntry {
		at := metav1.NewTime(noon.Add(time.Duration(minutes) * time.Minute))
		return metav1.ManagedFieldsEntry{Time: &at, FieldsV1: metav1.NewFieldsV1(fields)}
	}
	const data, label = `{"f:data":{"f:config.yaml":{}}}`, `{"f:metadata":{"f:labels":{"f:a":{}}}}`
	started := func(minutes int) Process { return Process{started: noon.Add(time.Duration(minutes) * time.Minute)} }
	for name, tc := range map[string]struct {
		created int
		managed []metav1.ManagedFieldsEntry
		running []Process
		want    bool
	}{
		"before":             {-9, []metav1.ManagedFieldsEntry{managed(data, -5)}, []Process{started(0)}, false},
		"after":              {-9, []metav1.ManagedFieldsEntry{managed(data, 5)}, []Process{started(0)}, true},
		"same second":        {-9, []metav1.ManagedFieldsEntry{managed(data, 0)}, []Process{started(0)}, false},
		"binary data":        {-9, []metav1.ManagedFieldsEntry{managed(`{"f:binaryData":{"f:c":{}}}`, 5)}, []Process{started(0)}, true},
		"only a label":       {-9, []metav1.ManagedFieldsEntry{managed(data, -5), managed(label, 5)}, []Process{started(0)}, false},
		"last of two":        {-9, []metav1.ManagedFieldsEntry{managed(data, 5), managed(data, -5)}, []Process{started(0)}, true},
		"created after":      {5, nil, []Process{started(0)}, true},
		"no managed fields":  {-9, nil, []Process{started(0)}, false},
		"no time":            {-9, []metav1.ManagedFieldsEntry{{FieldsV1: metav1.NewFieldsV1(data)}}, []Process{started(0)}, false},
		"oldest counts":      {-9, []metav1.ManagedFieldsEntry{managed(data, 5)}, []Process{started(0), started(9)}, true},
		"all restarted":      {-9, []metav1.ManagedFieldsEntry{managed(data, 5)}, []Process{started(8), started(9)}, false},
		"one does not run":   {-9, []metav1.ManagedFieldsEntry{managed(data, 5)}, []Process{{}, started(9)}, false},
		"no process at hand": {5, nil, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
				CreationTimestamp: metav1.NewTime(noon.Add(time.Duration(tc.created) * time.Minute)),
				ManagedFields:     tc.managed,
			}}
			if got := pending(cm, tc.running); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestHelmRelease(t *testing.T) {
	label := map[string]string{"app.kubernetes.io/managed-by": "Helm"}
	release := map[string]string{"meta.helm.sh/release-name": "pa"}
	for name, tc := range map[string]struct {
		labels, annotations map[string]string
		want                string
	}{
		"both":       {label, release, "pa"},
		"label":      {label, nil, ""},
		"annotation": {nil, release, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Labels: tc.labels, Annotations: tc.annotations}}
			if got := HelmRelease(cm); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
