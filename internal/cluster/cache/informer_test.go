package cache

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	fakecache "k8s.io/client-go/tools/cache/testing"
	ctrlcache "sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/model"
)

// cacheOf is a cache of controller-runtime with Options and indexes that has read
// these objects.
func cacheOf(t *testing.T, objects ...runtime.Object) ctrlcache.Cache {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(appsv1.SchemeGroupVersion.WithKind("Deployment"), meta.RESTScopeNamespace)
	mapper.Add(corev1.SchemeGroupVersion.WithKind("Service"), meta.RESTScopeNamespace)
	mapper.Add(autoscalingv2.SchemeGroupVersion.WithKind("HorizontalPodAutoscaler"), meta.RESTScopeNamespace)
	sources := map[reflect.Type]*fakecache.FakeControllerSource{}
	for _, k := range packedKinds() {
		source := fakecache.NewFakeControllerSource()
		t.Cleanup(source.Shutdown)
		sources[reflect.TypeOf(k.empty)] = source
	}
	for _, o := range objects {
		sources[reflect.TypeOf(o)].Add(o)
	}
	o := Options(nil)
	o.Scheme, o.Mapper, o.HTTPClient = scheme, mapper, http.DefaultClient
	informer := o.NewInformer
	o.NewInformer = func(_ toolscache.ListerWatcher, kind runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
		return informer(sources[reflect.TypeOf(kind)], kind, resync, indexers)
	}
	c, err := ctrlcache.New(&rest.Config{}, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := AddIndexes(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the cache ended with: %v", err)
		}
	})
	if !c.WaitForCacheSync(ctx) {
		t.Fatal("the cache is not synced")
	}
	return c
}

func TestObjectsAreFoundInTheirNamespace(t *testing.T) {
	deployment := func(namespace, name string) *appsv1.Deployment {
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
		d.Spec.Template.Labels = map[string]string{"app": "echo", "track": "stable"}
		return d
	}
	service := func(namespace, name string) *corev1.Service {
		return &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
			Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": "echo"}},
		}
	}
	c := cacheOf(t, deployment("a", "one"), deployment("a", "two"), deployment("b", "three"), service("a", "x"), service("b", "y"))
	for namespace, want := range map[string][]string{"a": {"x", "one", "two"}, "b": {"y", "three"}, "none": nil} {
		catalog := NewCatalog(t.Context(), c, namespace)
		var got []string
		for _, s := range catalog.ServicesSelecting(map[string]string{"app": "echo"}) {
			got = append(got, s.Name)
			for _, w := range catalog.WorkloadsSelectedBy(s) {
				got = append(got, w.Name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || catalog.Err() != nil {
			t.Errorf("in %s: %v (-want +got):\n%s", namespace, catalog.Err(), diff)
		}
	}
}

// Half of what controller-runtime indexes is for look-ups in all namespaces.
func TestIndexesHoldOnlyWhatIsLookedUp(t *testing.T) {
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "echo"}}
	d.Spec.Template.Labels = map[string]string{"app": "echo", "track": "stable"}
	informer, err := cacheOf(t, d).GetInformer(t.Context(), &appsv1.Deployment{})
	if err != nil {
		t.Fatal(err)
	}
	indexer := informer.(toolscache.SharedIndexInformer).GetIndexer()
	got := map[string]int{}
	for name := range indexer.GetIndexers() {
		got[name[strings.LastIndex(name, ":")+1:]] = len(indexer.ListIndexFuncValues(name))
	}
	if diff := cmp.Diff(map[string]int{toolscache.NamespaceIndex: 1, indexPodLabels: 2, indexPodSelector: 1, indexNamesService: 0, indexOperator: 0}, got); diff != "" {
		t.Errorf("keys by index (-want +got):\n%s", diff)
	}
}

func TestOperatorServicesOfAllNamespaces(t *testing.T) {
	service := func(namespace, name string) *corev1.Service {
		return &corev1.Service{ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, Labels: map[string]string{"control-plane": "controller-manager"},
		}}
	}
	c := cacheOf(t, service("b", "kong-operator-metrics"), service("a", "kong-operator-metrics"), service("a", "other"))
	found, err := OperatorServices(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range found {
		got = append(got, s.Namespace+"/"+s.Name)
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"a/kong-operator-metrics", "b/kong-operator-metrics"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestOperatorDeploymentsOfOneNamespace(t *testing.T) {
	deployment := func(namespace, name string) *appsv1.Deployment {
		return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	}
	c := cacheOf(t, deployment("a", "kong-operator"), deployment("b", "kong-operator"), deployment("a", "echo"))
	found, err := OperatorDeployments(t.Context(), c, "a")
	if err != nil || len(found) != 1 || found[0].Namespace != "a" || found[0].Name != "kong-operator" {
		t.Errorf("got %v, %v", found, err)
	}
}

// counted counts the objects that are read, which have to be decoded.
type counted struct {
	client.Reader
	objects int
}

func (c *counted) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	c.objects++
	return c.Reader.Get(ctx, key, o, opts...)
}

func (c *counted) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	err := c.Reader.List(ctx, list, opts...)
	c.objects += meta.LenList(list)
	return err
}

// However many Deployments a Service selects, a few are read.
func TestFewDeploymentsBehindAServiceAreRead(t *testing.T) {
	var objects []runtime.Object
	for i := range 1500 {
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: fmt.Sprintf("d-%04d", i)}}
		d.Spec.Template.Labels = map[string]string{"app": "echo", "track": []string{"stable", "canary"}[i%2], "one": fmt.Sprint(i)}
		objects = append(objects, d)
	}
	c := cacheOf(t, objects...)
	reader := &counted{Reader: c}
	catalog := NewCatalog(t.Context(), Indexed{Reader: reader, Informers: c}, "a")
	for name, tt := range map[string]struct {
		selector map[string]string
		want     []string
		more     bool
	}{
		"all":          {map[string]string{"app": "echo"}, []string{"d-0000", "d-0001", "d-0002", "d-0003"}, true},
		"half":         {map[string]string{"app": "echo", "track": "canary"}, []string{"d-0001", "d-0003", "d-0005", "d-0007"}, true},
		"one":          {map[string]string{"app": "echo", "one": "7"}, []string{"d-0007"}, false},
		"none":         {map[string]string{"app": "echo", "track": "x"}, nil, false},
		"selectorless": {nil, nil, false},
	} {
		reader.objects = 0
		first, more := catalog.FewSelectedBy(model.Service{Namespace: "a", Selector: tt.selector})
		var got []string
		for _, w := range first {
			got = append(got, w.Name)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || more != tt.more || catalog.Err() != nil {
			t.Errorf("%s: more %v, %v (-want +got):\n%s", name, more, catalog.Err(), diff)
		}
		if reader.objects > model.Few+1 {
			t.Errorf("%s: %d objects are read", name, reader.objects)
		}
	}
}
