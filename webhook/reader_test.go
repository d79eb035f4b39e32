package webhook

import (
	"context"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/cluster/cache"
)

// indexed is a client.Reader of Services only, which answers from maps, as fast as
// the caches do. (The fake client would take most of the time of a benchmark.)
type indexed struct {
	byName  map[client.ObjectKey]*corev1.Service
	byValue map[string][]corev1.Service // by "index/namespace/value"
}

func indexedOf(b *testing.B, services ...*corev1.Service) client.Reader {
	b.Helper()
	r := &indexed{map[client.ObjectKey]*corev1.Service{}, map[string][]corev1.Service{}}
	for _, s := range services {
		r.byName[client.ObjectKeyFromObject(s)] = s
	}
	if err := cache.AddIndexes(b.Context(), r); err != nil {
		b.Fatal(err)
	}
	return r
}

func (r *indexed) IndexField(_ context.Context, o client.Object, name string, values client.IndexerFunc) error {
	if _, ok := o.(*corev1.Service); !ok {
		return nil
	}
	for _, s := range r.byName {
		for _, v := range values(s) {
			key := name + "/" + s.Namespace + "/" + v
			r.byValue[key] = append(r.byValue[key], *s)
		}
	}
	return nil
}

func (r *indexed) Get(_ context.Context, key client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	if into, ok := o.(*corev1.Service); ok && r.byName[key] != nil {
		*into = *r.byName[key]
		return nil
	}
	return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
}

func (r *indexed) List(_ context.Context, list client.ObjectList, opts ...client.ListOption) error {
	var o client.ListOptions
	o.ApplyOptions(opts)
	var wanted fields.Requirement
	if all := o.FieldSelector.Requirements(); len(all) == 1 {
		wanted = all[0]
	}
	switch list := list.(type) {
	case *corev1.ServiceList:
		list.Items = r.byValue[wanted.Field+"/"+o.Namespace+"/"+wanted.Value]
	case *appsv1.DeploymentList, *autoscalingv2.HorizontalPodAutoscalerList:
	default:
		return fmt.Errorf("list %T", list)
	}
	return nil
}
