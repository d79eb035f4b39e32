package cache

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	fakecache "k8s.io/client-go/tools/cache/testing"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func fullMeta() metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: "ns", Name: "echo", UID: "u", ResourceVersion: "7", Generation: 3,
		Labels:            map[string]string{"app": "echo"},
		Annotations:       map[string]string{"kong.latency/target-ms": "40", "other": "x"},
		DeletionTimestamp: ptr.To(metav1.NewTime(time.Unix(1e9, 0).UTC())),
		OwnerReferences:   []metav1.OwnerReference{{Kind: "Deployment", Name: "echo", UID: "d", Controller: ptr.To(true)}},
		ManagedFields:     []metav1.ManagedFieldsEntry{{Manager: "kubectl"}},
	}
}

func fullDeployment() *appsv1.Deployment {
	d := &appsv1.Deployment{ObjectMeta: fullMeta()}
	d.Spec.Replicas = ptr.To[int32](0)
	d.Spec.Template.Labels = map[string]string{"app": "echo", "track": "stable"}
	d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "echo"}}
	return d
}

// What comes out of a cache is what the transform kept.
func TestPackingLosesNothing(t *testing.T) {
	service := &corev1.Service{ObjectMeta: fullMeta(), Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "echo"}}}
	hpa := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: fullMeta()}
	hpa.Spec.MinReplicas, hpa.Spec.MaxReplicas = ptr.To[int32](1), 10
	hpa.Spec.Metrics = []autoscalingv2.MetricSpec{{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{
		Target: autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: ptr.To(resource.MustParse("40"))},
	}}}
	hpa.Spec.Behavior = &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleDown: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: ptr.To[int32](0)}}
	hpa.Status.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{{Type: autoscalingv2.ScalingActive, Status: "True"}}
	for _, o := range []client.Object{fullDeployment(), service, hpa, &appsv1.Deployment{}} {
		i := (*Freshness)(nil).newInformer(nil, o, 0, nil).(*unpackingInformer)
		strip := stripOf(o)
		want, err := strip(o.DeepCopyObject())
		if err != nil {
			t.Fatal(err)
		}
		once, err := pack(strip)(o)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := pack(strip)(once) // the informer may transform again
		if err != nil {
			t.Fatal(err)
		}
		got, err := i.object(twice)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%T (-kept +got):\n%s", o, d)
		}
	}
}

func stripOf(o client.Object) toolscache.TransformFunc {
	switch o.(type) {
	case *appsv1.Deployment:
		return stripDeployment
	case *corev1.Service:
		return stripService
	default:
		return stripHPA
	}
}

// Readers and handlers of an informer get objects, and none of them the cached one.
func TestInformerGivesOutObjects(t *testing.T) {
	g := newG(t)
	source := fakecache.NewFakeControllerSource()
	t.Cleanup(source.Shutdown)
	i := (*Freshness)(nil).newInformer(source, &appsv1.Deployment{}, 0, toolscache.Indexers{toolscache.NamespaceIndex: toolscache.MetaNamespaceIndexFunc})
	g.Expect(i.SetTransform(pack(stripDeployment))).To(gomega.Succeed())
	const index, everywhere = "pod-labels", "*/"
	g.Expect(i.AddIndexers(toolscache.Indexers{index: func(o any) ([]string, error) {
		d := o.(*appsv1.Deployment)
		var out []string
		for _, p := range pairs(d.Spec.Template.Labels) {
			out = append(out, everywhere+p)
			if d.Namespace != "" {
				out = append(out, d.Namespace+"/"+p)
			}
		}
		return out, nil
	}})).To(gomega.Succeed())
	events := make(chan string, 10)
	_, err := i.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc: func(o any) { events <- "add " + o.(*appsv1.Deployment).Name },
		UpdateFunc: func(before, after any) {
			events <- "update " + before.(*appsv1.Deployment).Spec.Template.Labels["track"] + " " + after.(*appsv1.Deployment).Spec.Template.Labels["track"]
		},
		DeleteFunc: func(o any) { events <- "delete " + o.(*appsv1.Deployment).Name },
	})
	g.Expect(err).NotTo(gomega.HaveOccurred())
	go i.RunWithContext(t.Context())

	d := fullDeployment()
	source.Add(d)
	g.Eventually(events).Should(gomega.Receive(gomega.Equal("add echo")))
	for range 2 {
		o, ok, err := i.GetIndexer().GetByKey("ns/echo")
		g.Expect(err).NotTo(gomega.HaveOccurred())
		g.Expect(ok).To(gomega.BeTrue())
		g.Expect(o.(*appsv1.Deployment).Labels).To(gomega.Equal(map[string]string{"app": "echo"}))
		o.(*appsv1.Deployment).Labels["app"] = "changed"
	}
	byLabel := func(value string) int {
		list, err := i.GetIndexer().ByIndex(index, value)
		g.Expect(err).NotTo(gomega.HaveOccurred())
		return len(list)
	}
	g.Expect(byLabel("ns/track=stable")).To(gomega.Equal(1))
	g.Expect(byLabel(everywhere+"track=stable")).To(gomega.Equal(0), "nobody looks there")
	g.Expect(i.GetStore().List()).To(gomega.HaveLen(1))

	d = d.DeepCopy()
	d.Spec.Template.Labels["track"] = "canary"
	source.Modify(d)
	g.Eventually(events).Should(gomega.Receive(gomega.Equal("update stable canary")))
	g.Expect(byLabel("ns/track=stable")).To(gomega.Equal(0))
	source.Delete(d)
	g.Eventually(events).Should(gomega.Receive(gomega.Equal("delete echo")))
	g.Expect(i.GetStore().List()).To(gomega.BeEmpty())
}

// newG waits longer than gomega does of itself: other packages are built and tested
// beside this one.
func newG(t *testing.T) *gomega.WithT {
	g := gomega.NewWithT(t)
	g.SetDefaultEventuallyTimeout(30 * time.Second)
	return g
}
