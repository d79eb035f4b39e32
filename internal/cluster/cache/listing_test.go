package cache

import (
	"context"
	"errors"
	"strings"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// failing answers lists of one kind with an error.
func failing[T client.ObjectList](err error, objects ...client.Object) client.Client {
	return fake.NewClientBuilder().WithObjects(objects...).WithInterceptorFuncs(interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, o ...client.ListOption) error {
			if _, ok := list.(T); ok {
				return err
			}
			return c.List(ctx, list, o...)
		},
	}).Build()
}

func TestForbiddenAutoscalersAreNotAbsent(t *testing.T) {
	l, err := List(t.Context(), failing[*autoscalingv2.HorizontalPodAutoscalerList](forbidden()), "")
	if err != nil {
		t.Fatal(err)
	}
	c := l.Catalog("default", nil)
	if list, unread := c.AutoscalersOf("echo"); len(list) > 0 || unread != "reading HorizontalPodAutoscalers is forbidden" {
		t.Errorf("got %v and %q", list, unread)
	}
}

func TestWithoutServicesNothingIsDecided(t *testing.T) {
	_, err := List(t.Context(), failing[*corev1.ServiceList](forbidden()), "")
	if err == nil || !strings.HasPrefix(err.Error(), "list Services: ") {
		t.Errorf("got %v", err)
	}
	broken := errors.New("no route")
	if _, err := List(t.Context(), failing[*autoscalingv2.HorizontalPodAutoscalerList](broken), ""); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestACatalogIsOfOneNamespace(t *testing.T) {
	service := func(namespace string) client.Object {
		return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "echo"}}
	}
	hpa := &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "other"},
		Spec:       autoscalingv2.HorizontalPodAutoscalerSpec{ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{Kind: "Deployment", Name: "echo", APIVersion: "apps/v1"}},
	}
	l, err := List(t.Context(), fake.NewFakeClient(service("a"), service("b"), hpa), "")
	if err != nil {
		t.Fatal(err)
	}
	sets := NoNeighbors()
	sets.ScaledObjects = pipeline.KnownSet(model.Autoscaler{
		Kind: model.KindScaledObject, Namespace: "a", Name: "keda", Scales: model.Ref{Kind: "Deployment", Name: "echo"},
	})
	scaled := NewNeighbors(sets, nil)
	list, unread := l.Catalog("a", scaled).AutoscalersOf("echo")
	if len(list) != 2 || list[0].Name != "other" || list[1].Name != "keda" || unread != "" {
		t.Errorf("got %v and %q", list, unread)
	}
	if list, _ := l.Catalog("b", scaled).AutoscalersOf("echo"); len(list) != 0 {
		t.Errorf("another namespace has %v", list)
	}
	if s, ok := l.Catalog("b", nil).Service("echo"); !ok || s.Namespace != "b" {
		t.Errorf("got %v", s)
	}
}

func forbidden() error {
	return apierrors.NewForbidden(schema.GroupResource{Resource: "things"}, "x", errors.New("no"))
}
