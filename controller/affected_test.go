package controller

import (
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/test/testutil"
)

// What an edit of one of the Deployments behind a Service has reconciled does not grow
// with their number.
func TestAnEditBehindASharedServiceReconcilesFew(t *testing.T) {
	for _, tt := range []struct {
		deployments                 int
		created, edited, relabelled int
	}{
		{2, 2, 1, 2},
		{1500, 1, 1, 1},
	} {
		t.Run(fmt.Sprint(tt.deployments), func(t *testing.T) {
			b := indexed{fake.NewClientBuilder()}
			b.WithObjects(&corev1.Service{
				ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "shared", Annotations: testutil.Settings()},
				Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": "echo"}},
			})
			var one *appsv1.Deployment
			for i := range tt.deployments {
				one = &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: fmt.Sprintf("echo-%d", i)}}
				one.Spec.Template.Labels = map[string]string{"app": "echo"}
				b.WithObjects(one)
			}
			if err := cache.AddIndexes(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			m := affected{reader: b.Build()}
			handler := onDeployments(m, sharing{affected: m})
			count := func(do func(queue)) int {
				q := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
				defer q.ShutDown()
				do(q)
				return q.Len()
			}
			edited, relabelled := one.DeepCopy(), one.DeepCopy()
			edited.Annotations = testutil.Settings()
			relabelled.Spec.Template.Labels = map[string]string{"app": "other"}
			update := func(after client.Object) func(queue) {
				return func(q queue) { handler.Update(t.Context(), event.UpdateEvent{ObjectOld: one, ObjectNew: after}, q) }
			}
			if n := count(func(q queue) { handler.Create(t.Context(), event.CreateEvent{Object: one}, q) }); n != tt.created {
				t.Errorf("a new one has %d reconciled, want %d", n, tt.created)
			}
			if n := count(update(edited)); n != tt.edited {
				t.Errorf("an edit has %d reconciled, want %d", n, tt.edited)
			}
			if n := count(update(relabelled)); n != tt.relabelled {
				t.Errorf("another label has %d reconciled, want %d", n, tt.relabelled)
			}
		})
	}
}
