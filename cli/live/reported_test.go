package live

import (
	"context"
	"errors"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/cluster/watch"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// lister answers every list with the same.
type lister struct {
	client.Client
	items []unstructured.Unstructured
	err   error
}

func (l lister) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	if into, ok := list.(*unstructured.UnstructuredList); ok {
		into.Items = l.items
	}
	return l.err
}

func TestReportedIsReadWhereItMay(t *testing.T) {
	resource := schema.GroupResource{Group: "kong.latency", Resource: "latencyautoscalers"}
	for name, err := range map[string]error{
		"forbidden":          apierrors.NewForbidden(resource, "", errors.New("no")),
		"not installed":      &meta.NoKindMatchError{GroupKind: schema.GroupKind{Group: "kong.latency", Kind: "LatencyAutoscaler"}},
		"just uninstalled":   apierrors.NewNotFound(resource, ""),
		"it does not answer": errors.New("no route"),
	} {
		got, failed := (&Connection{Client: lister{err: err}}).reported(t.Context(), "default")
		if (failed != nil) != (name == "it does not answer") || got != nil {
			t.Errorf("%s: got %v and %v", name, got, failed)
		}
	}
	good := unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"namespace": "default", "name": "echo"}}}
	odd := unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": "odd"}, "status": map[string]any{"pipeline": "a later version"}}}
	got, err := (&Connection{Client: lister{items: []unstructured.Unstructured{good, odd}}}).reported(t.Context(), "default")
	if err != nil || len(got) != 1 || got[types.NamespacedName{Namespace: "default", Name: "echo"}] == nil {
		t.Errorf("got %v and %v", got, err)
	}
}

// Without the policies, the reported plan says what the workload gets, and of which metric.
func TestReportedPlans(t *testing.T) {
	la := func(name string, uid types.UID) *v1alpha1.LatencyAutoscaler {
		out := &v1alpha1.LatencyAutoscaler{ObjectMeta: metav1.ObjectMeta{
			Namespace: "default", Name: name, OwnerReferences: []metav1.OwnerReference{{UID: uid, Controller: ptr.To(true)}},
		}}
		out.Status.Plan = &v1alpha1.AutoscalerPlan{TargetMilliseconds: "40", Service: "other", Metrics: []v1alpha1.PlannedMetric{{Name: "n"}}}
		return out
	}
	enabled := map[string]string{annotations.TargetMS: "40"}
	s := State{
		Picture: &watch.Picture{Snapshot: &pipeline.Snapshot{}, Policies: &watch.Policies{}},
		Listing: &cache.Listing{
			Deployments: []appsv1.Deployment{deployment("a", enabled), deployment("b", enabled), deployment("blocked", enabled)},
			Services:    []corev1.Service{service("a", nil), service("b", nil)},
		},
		Reported: map[types.NamespacedName]*v1alpha1.LatencyAutoscaler{},
	}
	for _, one := range []*v1alpha1.LatencyAutoscaler{la("a", "u-x"), la("b", "of an earlier Deployment"), la("blocked", "u-x")} {
		s.Reported[client.ObjectKeyFromObject(one)] = one
	}
	for _, w := range s.Workloads() {
		planned := w.Deployment.Name == "a"
		if got := w.Plan() != nil; got != planned {
			t.Errorf("%s has a plan: %v", w.Deployment.Name, got)
		}
		if planned && (w.Subject == nil || w.Subject.Service != "other" || w.Subject.Metric != "n") {
			t.Errorf("the subject of %s is %v", w.Deployment.Name, w.Subject)
		}
		if w.Resolution.Plan != nil {
			t.Errorf("%s: a reported plan is taken for one that was resolved", w.Deployment.Name)
		}
	}
	if s.complete() {
		t.Error("a state without policies is complete")
	}
}
