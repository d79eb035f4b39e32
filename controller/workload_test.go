package controller

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// indexed gives the fake client the indexes of the cache.
type indexed struct{ *fake.ClientBuilder }

func (b indexed) IndexField(_ context.Context, o client.Object, name string, f client.IndexerFunc) error {
	b.WithIndex(o, name, f)
	b.WithIndex(o, cache.First(name), f)
	return nil
}

// autoAttach is a policy that attaches every Deployment in a namespace with these
// labels; nil labels are not known.
func autoAttach(namespace map[string]string) plan.Policies {
	p := v1alpha1.LatencyPolicy{ObjectMeta: metav1.ObjectMeta{Name: "frame"}}
	p.Spec.AutoAttach = &v1alpha1.AutoAttach{TargetMilliseconds: resource.MustParse("50")}
	return plan.PolicySet{Set: policy.Compile([]v1alpha1.LatencyPolicy{p}), Namespace: func(string) (map[string]string, bool) {
		return namespace, namespace != nil
	}}
}

// An autoscaler that a policy attached goes when the policy no longer attaches it,
// and stays while that is not known or its Service is not clear.
func TestWhatAPolicyAttachedIsDetachedOrRetained(t *testing.T) {
	enabled := map[string]string{policy.AutoAttachLabel: policy.AutoAttachEnabled}
	tests := map[string]struct {
		policies plan.Policies
		settings map[string]string
		services []string
		owner    string
		gone     bool
		events   []string
	}{
		"no policies any more":      {nil, nil, []string{"a"}, "u", true, []string{"Normal Detached detached HPA echo; the replicas stay as they are"}},
		"the label is gone":         {autoAttach(map[string]string{}), nil, []string{"a"}, "u", true, []string{"Normal Detached detached HPA echo; the replicas stay as they are"}},
		"off":                       {autoAttach(enabled), map[string]string{annotations.TargetMS: annotations.Off}, []string{"a"}, "u", true, []string{"Normal Detached detached HPA echo; the replicas stay as they are"}},
		"another's is not detached": {nil, nil, []string{"a"}, "other", false, nil},
		"its Service is gone":       {autoAttach(enabled), nil, nil, "u", false, []string{"Warning Blocked NoServiceSelectsPods: no Service in namespace ns selects its pods"}},
		"a second Service came":     {autoAttach(enabled), nil, []string{"a", "b"}, "u", false, []string{"Warning Blocked AmbiguousService: Services a and b select its pods; to fix it: annotate the Deployment with kong.latency/service: a"}},
		"not known yet":             {autoAttach(nil), nil, []string{"a"}, "u", false, nil},
		"another's is not reported": {autoAttach(enabled), nil, nil, "other", false, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "echo", UID: "u", Annotations: tt.settings}}
			d.Spec.Template.Labels = map[string]string{"app": "echo"}
			h := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{
				Namespace: "ns", Name: "echo", UID: "h", Labels: map[string]string{generator.ManagedByLabel: generator.ManagedBy},
				OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: "echo", Controller: ptr.To(true)}},
			}}
			h.OwnerReferences[0].UID = d.UID
			if tt.owner != "u" {
				h.OwnerReferences[0].UID, h.OwnerReferences[0].Kind = "x", "ScaledObject"
			}
			b := indexed{fake.NewClientBuilder().WithObjects(d, h)}
			for _, s := range tt.services {
				b.WithObjects(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: s}, Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "echo"}}})
			}
			if err := cache.AddIndexes(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			recorder := events.NewFakeRecorder(20)
			c := b.Build()
			r := &workloads{client: c, lookup: c, report: newReporter(recorder), pending: newPending(time.Now), rewrites: newRewrites(time.Now), policies: tt.policies, now: time.Now}
			key := client.ObjectKeyFromObject(d)
			for range 2 { // the second time nothing is new
				if _, err := r.Reconcile(t.Context(), ctrl.Request{NamespacedName: key}); err != nil {
					t.Fatal(err)
				}
			}
			err := r.client.Get(t.Context(), key, &autoscalingv2.HorizontalPodAutoscaler{})
			if apierrors.IsNotFound(err) != tt.gone || client.IgnoreNotFound(err) != nil {
				t.Errorf("reading the autoscaler says %v", err)
			}
			if diff := cmp.Diff(tt.events, emitted(t, recorder)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}
