package integration

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"testing"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/test/product"
)

// existing creates an unmanaged autoscaler for Deployment echo, with labels, an
// annotation and an owner that does not control it.
func (e *env) existing(name string) *autoscalingv2.HorizontalPodAutoscaler {
	e.t.Helper()
	owner := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: "owner-of-" + name}}
	e.create(owner)
	h := e.foreign(name, "echo")
	h.Labels, h.Annotations = map[string]string{"team": "shop"}, map[string]string{"note": "kept"}
	h.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID}}
	e.create(h)
	return h
}

// specOf returns the spec of an autoscaler as the API server encodes it, and the
// object's labels, annotations and owners.
func (e *env) specOf(name string) (spec string, meta metav1.ObjectMeta) {
	e.t.Helper()
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(autoscalingv2.SchemeGroupVersion.WithKind("HorizontalPodAutoscaler"))
	e.Expect(e.client.Get(e.ctx, client.ObjectKey{Namespace: e.namespace, Name: name}, u)).To(gomega.Succeed())
	raw, err := json.Marshal(u.Object["spec"])
	e.Expect(err).NotTo(gomega.HaveOccurred())
	return string(raw), metav1.ObjectMeta{
		UID: u.GetUID(), Labels: u.GetLabels(), Annotations: u.GetAnnotations(), OwnerReferences: u.GetOwnerReferences(),
	}
}

// adopt annotates a Deployment once the webhook announces that this adopts the
// autoscaler.
func (e *env) adopt(d *appsv1.Deployment, name string, more ...string) {
	e.t.Helper()
	settings := enabled(append(more, annotations.Adopt, name)...)
	e.Eventually(func() bool {
		e.warnings.take()
		return e.tryAnnotate(d.Name, settings) == nil && containing(e.warnings.take(), "HPA "+name+":")
	}).Should(gomega.BeTrue())
	annotate(e, d, settings)
}

func isAdopted(h *autoscalingv2.HorizontalPodAutoscaler) bool { return output.Adopted(h) }

func isRestored(h *autoscalingv2.HorizontalPodAutoscaler) bool { return !output.Adopted(h) }

// watchHPA watches the autoscalers of this name until the test ends: deleted returns
// the number of deletions, and seen the last object.
func (e *env) watchHPA(name string) (deleted func() int, seen func() *autoscalingv2.HorizontalPodAutoscaler) {
	e.t.Helper()
	c, err := client.NewWithWatch(e.stack.cp.Config(), client.Options{})
	e.Expect(err).NotTo(gomega.HaveOccurred())
	w, err := c.Watch(e.ctx, &autoscalingv2.HorizontalPodAutoscalerList{}, client.InNamespace(e.namespace), client.MatchingFields{"metadata.name": name})
	e.Expect(err).NotTo(gomega.HaveOccurred())
	var mu sync.Mutex
	var n int
	var last *autoscalingv2.HorizontalPodAutoscaler
	var done sync.WaitGroup
	done.Go(func() {
		for event := range w.ResultChan() {
			mu.Lock()
			if event.Type == watch.Deleted {
				n++
			}
			if h, ok := event.Object.(*autoscalingv2.HorizontalPodAutoscaler); ok {
				last = h
			}
			mu.Unlock()
		}
	})
	e.t.Cleanup(func() { w.Stop(); done.Wait() })
	deleted = func() int { mu.Lock(); defer mu.Unlock(); return n }
	seen = func() *autoscalingv2.HorizontalPodAutoscaler { mu.Lock(); defer mu.Unlock(); return last }
	return deleted, seen
}

func TestAdoptInPlaceAndRestore(t *testing.T) {
	e := newEnv(t)
	d := e.deployment("echo", nil)
	e.create(e.service("echo", nil), d)
	e.existing("cpu")
	spec, meta := e.specOf("cpu")
	deleted, seen := e.watchHPA("cpu")

	e.adopt(d, "cpu")
	h := e.attached("cpu", isAdopted, target("40"))
	e.Expect(h.UID).To(gomega.Equal(meta.UID))
	e.Expect(h.Annotations[output.PreviousSpec]).To(gomega.Equal(spec))
	e.Expect(h.Labels).To(gomega.Equal(meta.Labels))
	e.Expect(h.OwnerReferences).To(gomega.Equal(meta.OwnerReferences))
	e.Expect(h.Spec).To(gomega.Equal(defaultHPA(e).Spec), "it equals a newly attached one")
	e.Expect(e.hpa("echo")).To(gomega.BeNil())

	// Changed settings are applied to it, and manual edits are undone; the previous spec stays saved.
	annotate(e, d, enabled(annotations.Adopt, "cpu", annotations.TargetMS, "50"))
	h = e.attached("cpu", target("50"))
	edit(e, h, func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.MaxReplicas = 3 })
	e.attached("cpu", bounds(1, 10))
	// Without the annotation it stays adopted.
	annotate(e, d, enabled(annotations.TargetMS, "60"))
	h = e.attached("cpu", target("60"))
	e.Expect(h.Annotations[output.PreviousSpec]).To(gomega.Equal(spec))

	annotate(e, d, nil)
	e.attached("cpu", isRestored)
	e.eventOf("Deployment", "echo", "Restored")
	gotSpec, gotMeta := e.specOf("cpu")
	e.Expect(gotSpec).To(gomega.Equal(spec))
	e.Expect(gotMeta).To(gomega.Equal(meta))
	e.Eventually(func() bool { return isRestored(seen()) }).Should(gomega.BeTrue())
	e.Expect(deleted()).To(gomega.BeZero(), "scaling was interrupted")
}

func TestDeletingTheDeploymentRestoresTheAdoptedAutoscaler(t *testing.T) {
	e := newEnv(t)
	d := e.deployment("echo", nil)
	e.create(e.service("echo", nil), d)
	e.existing("cpu")
	spec, meta := e.specOf("cpu")
	e.adopt(d, "cpu")
	e.attached("cpu", isAdopted)
	e.Expect(e.client.Delete(e.ctx, d, client.PropagationPolicy(metav1.DeletePropagationForeground))).To(gomega.Succeed())
	e.attached("cpu", isRestored)
	gotSpec, gotMeta := e.specOf("cpu")
	e.Expect(gotSpec).To(gomega.Equal(spec))
	e.Expect(gotMeta).To(gomega.Equal(meta))
}

func TestInvalidAdoptIsRefused(t *testing.T) {
	e := newEnv(t)
	owner := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: "owner"}}
	e.create(owner)
	owner.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMap"))
	controlled := madeBy(e.foreign("controlled", "echo"), owner)
	e.create(controlled, e.foreign("elsewhere", "other"), e.service("echo", nil), e.deployment("echo", nil))
	e.refusedWith("echo", enabled(annotations.Adopt, "elsewhere"), "AdoptedScalesOther", "HorizontalPodAutoscaler elsewhere", "scales Deployment other")
	e.refusedWith("echo", enabled(annotations.Adopt, "controlled"), "AdoptedControlled", "HorizontalPodAutoscaler controlled", "ConfigMap owner")

	// The same if a managed one is attached already, which stays.
	e.Expect(e.client.Delete(e.ctx, controlled)).To(gomega.Succeed())
	e.Eventually(func() error { return e.tryAnnotate("echo", enabled()) }).Should(gomega.Succeed())
	annotate(e, e.workload("echo"), enabled())
	managed := e.attached("echo")
	e.guarded("echo")
	e.refusedWith("echo", enabled(annotations.Adopt, "elsewhere"), "AdoptedScalesOther")
	e.Expect(e.hpa("echo").UID).To(gomega.Equal(managed.UID))
	for _, m := range e.hpa("elsewhere").ManagedFields {
		e.Expect(m.Manager).NotTo(gomega.Equal("kong-latency"))
	}
}

func TestMissingAutoscalerToAdoptIsAWarning(t *testing.T) {
	e := newEnv(t)
	e.create(e.service("echo", nil))
	e.Eventually(func() []string {
		e.Expect(e.client.Create(e.ctx, e.deployment("echo", enabled(annotations.Adopt, "cpu")), client.DryRunAll)).To(gomega.Succeed())
		return e.warnings.take()
	}).Should(gomega.ConsistOf(withPipeline(gomega.ContainSubstring("AdoptedNotFound: HorizontalPodAutoscaler cpu"), gomega.ContainSubstring("will attach "+echoPlan))...))
	e.create(e.deployment("echo", enabled(annotations.Adopt, "cpu")))
	managed := e.attached("echo")
	e.Expect(e.eventOf("Deployment", "echo", "AdoptedNotFound")).To(gomega.ContainSubstring("HorizontalPodAutoscaler cpu"))

	// Created later, it is adopted, and the managed one is deleted.
	e.existing("cpu")
	e.attached("cpu", isAdopted, target("40"))
	e.gone("echo")
	e.Expect(managed.UID).NotTo(gomega.Equal(e.hpa("cpu").UID))
}

func TestAdoptReplacesTheManagedAutoscaler(t *testing.T) {
	e := newEnv(t)
	d := e.deployment("echo", enabled())
	e.create(e.service("echo", nil), d)
	e.attached("echo")
	e.existing("cpu")
	e.eventOf("Deployment", "echo", "AnotherAutoscaler")
	spec, meta := e.specOf("cpu")
	e.adopt(d, "cpu")
	h := e.attached("cpu", isAdopted, target("40"))
	e.Expect(h.UID).To(gomega.Equal(meta.UID))
	e.gone("echo")

	// Adopting another one restores the first.
	e.existing("memory")
	e.adopt(d, "memory")
	e.attached("memory", isAdopted, target("40"))
	e.attached("cpu", isRestored)
	got, _ := e.specOf("cpu")
	e.Expect(got).To(gomega.Equal(spec))
	e.Expect(e.hpa("echo")).To(gomega.BeNil())
}

func TestConcurrentEditIsNotLostOnAdopt(t *testing.T) {
	e := newEnv(t)
	d := e.deployment("echo", nil)
	e.create(e.service("echo", nil), d)
	e.existing("cpu")
	// Spec and label are edited continuously until it is adopted; the annotation is added
	// after the first edit.
	var edits sync.WaitGroup
	var last int
	first := make(chan struct{})
	edits.Go(func() {
		for i := 7; e.ctx.Err() == nil; i++ {
			var h autoscalingv2.HorizontalPodAutoscaler
			if err := e.client.Get(e.ctx, client.ObjectKey{Namespace: e.namespace, Name: "cpu"}, &h); err != nil {
				t.Errorf("read it to edit: %v", err)
				return
			}
			if isAdopted(&h) {
				return
			}
			h.Spec.MaxReplicas = int32(i)
			h.Labels["edit"] = strconv.Itoa(i)
			if e.client.Update(e.ctx, &h) == nil { // with a conflict nothing was edited
				if last == 0 {
					close(first)
				}
				last = i
			}
		}
	})
	e.Eventually(first).Should(gomega.BeClosed())
	e.adopt(d, "cpu")
	// Adopting needs a moment between two edits, and there is no pause between them.
	e.Eventually(func() bool { h := e.hpa("cpu"); return h != nil && isAdopted(h) }).WithTimeout(waitLong).Should(gomega.BeTrue())
	edits.Wait()
	h := e.hpa("cpu")
	e.Expect(h.Labels["edit"]).To(gomega.Equal(strconv.Itoa(last)))
	var previous autoscalingv2.HorizontalPodAutoscalerSpec
	e.Expect(json.Unmarshal([]byte(h.Annotations[output.PreviousSpec]), &previous)).To(gomega.Succeed())
	e.Expect(previous.MaxReplicas).To(gomega.BeEquivalentTo(last))
	annotate(e, d, nil)
	e.Expect(e.attached("cpu", isRestored).Spec.MaxReplicas).To(gomega.BeEquivalentTo(last))
}

func TestRestartWritesNothingToAnAdoptedAutoscaler(t *testing.T) {
	e := newEnv(t)
	d := e.deployment("echo", nil)
	e.create(e.service("echo", nil), d)
	e.existing("cpu")
	e.adopt(d, "cpu")
	e.attached("cpu", isAdopted)
	e.Eventually(func() int { return e.pipelineEvents("echo") }).Should(gomega.Equal(1))
	before := e.hpaWrites()
	e.restartController()
	// Its findings are reported once more after a restart, after what it writes.
	e.Eventually(func() int { return e.pipelineEvents("echo") }).WithTimeout(waitLong).Should(gomega.Equal(2))
	e.Expect(e.hpaWrites() - before).To(gomega.BeZero())
}

// pipelineEvents counts the events of the one pipeline finding that the plain cluster
// has about a Deployment.
func (e *env) pipelineEvents(name string) (n int) {
	e.t.Helper()
	reasons, _ := e.events("Deployment", name)
	for _, r := range reasons {
		if r == noMetricsAPI {
			n++
		}
	}
	return n
}

// restartController replaces the controller's process.
func (e *env) restartController() {
	e.t.Helper()
	e.Expect(e.stack.controller.Stop()).To(gomega.Succeed())
	// The process must outlive the test's context.
	restarted, err := product.Controller(context.WithoutCancel(e.ctx), e.stack.cp, workloadFindings)
	e.Expect(err).NotTo(gomega.HaveOccurred())
	e.stack.controller = restarted
}
