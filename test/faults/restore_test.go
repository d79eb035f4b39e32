package faults

import (
	"testing"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/testutil"
)

// restored is an object as a backup has it, in another namespace: with its labels,
// annotations and owners, whose UIDs are those of the former objects.
func restored[T client.Object](o T, namespace string) T {
	o.SetNamespace(namespace)
	o.SetUID("")
	o.SetResourceVersion("")
	o.SetManagedFields(nil)
	return o
}

// Garbage collection deletes what has the former Deployment as its owner. What was adopted
// has no owner: it gets its previous spec where the controller sees it before its Deployment,
// and is adopted again with it.
func TestANamespaceIsRestoredUnderAnotherName(t *testing.T) {
	c := newCluster(t, controlplane.Options{})
	c.webhook()
	c.controller()
	created := c.enable(1)[0]
	d, s := c.workload("adopting", testutil.Settings("adopt", "old"))
	old := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "old"}}
	old.Spec.MaxReplicas, old.Spec.ScaleTargetRef = 7, autoscalingv2.CrossVersionObjectReference{Kind: "Deployment", Name: "adopting", APIVersion: "apps/v1"}
	c.create(old, s, d)
	c.attached(created)
	c.Eventually(func() bool { return output.Adopted(c.hpa("old")) }).Should(gomega.BeTrue())

	from := c.namespace
	get := func(o client.Object, name string) client.Object {
		t.Helper()
		c.Expect(c.admin.Get(c.ctx, client.ObjectKey{Namespace: from, Name: name}, o)).To(gomega.Succeed())
		return o
	}
	var backup []client.Object
	for _, name := range []string{created, "old"} { // before their Deployments, which is the harder order
		backup = append(backup, get(&autoscalingv2.HorizontalPodAutoscaler{}, name))
	}
	for _, name := range []string{created, "adopting"} {
		service := get(&corev1.Service{}, name).(*corev1.Service)
		service.Spec.ClusterIP, service.Spec.ClusterIPs = "", nil
		backup = append(backup, service, get(&appsv1.Deployment{}, name))
	}
	c.namespace = c.newNamespace(nil)
	for _, o := range backup {
		c.create(restored(o, c.namespace))
	}
	var owner appsv1.Deployment
	c.Expect(c.admin.Get(c.ctx, client.ObjectKey{Namespace: c.namespace, Name: created}, &owner)).To(gomega.Succeed())
	c.Eventually(func() types.UID {
		h := c.hpa(created)
		if h == nil || metav1.GetControllerOf(h) == nil {
			return ""
		}
		return metav1.GetControllerOf(h).UID
	}).Should(gomega.Equal(owner.UID))
	c.Eventually(func() bool {
		h := c.hpa("old")
		return output.Adopted(h) && h.Spec.MaxReplicas == 10
	}).Should(gomega.BeTrue())
	adopting := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "adopting"}}
	c.Expect(c.admin.Patch(c.ctx, adopting, client.RawPatch(types.MergePatchType,
		[]byte(`{"metadata":{"annotations":{"`+annotations.TargetMS+`":null,"`+annotations.Adopt+`":null}}}`)))).To(gomega.Succeed())
	c.Eventually(func() int32 { return c.hpa("old").Spec.MaxReplicas }).Should(gomega.BeEquivalentTo(7))
	c.namespace = from
	c.Expect(c.hpa(created)).NotTo(gomega.BeNil(), "the former namespace is touched")
	c.Expect(output.Adopted(c.hpa("old"))).To(gomega.BeTrue(), "the former namespace is touched")
}

// A LimitRange is about pods; autoscalers and annotated Deployments have none.
func TestALimitRangeIsInTheNamespace(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	c.webhook()
	c.controller()
	limits := &corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "small"}}
	limits.Spec.Limits = []corev1.LimitRangeItem{{
		Type: corev1.LimitTypeContainer,
		Max:  corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")},
		DefaultRequest: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("50m"),
		},
	}}
	c.create(limits)
	c.attached(c.enable(2, "cpu-utilization", "60")...)
	for _, e := range c.events() {
		c.Expect(e.Reason).NotTo(gomega.Equal("Blocked"), e.Note)
	}
}
