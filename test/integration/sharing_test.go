package integration

import (
	"context"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/test/controlplane"
)

// part is a Deployment of the app web, whose selector matches the pods of all its parts.
func (e *env) part(name string, settings map[string]string) *appsv1.Deployment {
	d := e.deployment(name, settings)
	d.Spec.Selector.MatchLabels = map[string]string{"app": "web"}
	d.Spec.Template.Labels = map[string]string{"app": "web", "part": name}
	return d
}

// partService is the Service of one part.
func (e *env) partService(name string) *corev1.Service {
	s := e.service(name, nil)
	s.Spec.Selector = map[string]string{"app": "web", "part": name}
	return s
}

// statefulSet is a StatefulSet of the app web.
func (e *env) statefulSet(name string) *appsv1.StatefulSet {
	podLabels := map[string]string{"app": "web", "part": name}
	s := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: name}}
	s.Spec.Replicas = ptr.To[int32](1)
	s.Spec.Selector = &metav1.LabelSelector{MatchLabels: podLabels}
	s.Spec.Template.Labels = podLabels
	s.Spec.Template.Spec.Containers = []corev1.Container{{Name: "db", Image: "db:1"}}
	return s
}

// of has an autoscaler scale something else.
func of(h *autoscalingv2.HorizontalPodAutoscaler, apiVersion, kind string) *autoscalingv2.HorizontalPodAutoscaler {
	h.Spec.ScaleTargetRef.APIVersion, h.Spec.ScaleTargetRef.Kind = apiVersion, kind
	return h
}

func TestASecondAutoscalerOfTheSamePodsIsRefused(t *testing.T) {
	e := newEnv(t)
	e.create(e.partService("front"), e.partService("back"), e.part("front", enabled()))
	e.attached("front")
	back := e.part("back", nil)
	e.create(back)
	e.refusedWith("back", enabled(), "AmbiguousSelector", "Deployments back and front", "HorizontalPodAutoscaler front", "part: back to spec.selector of Deployment back")
	e.create(e.partService("new"))
	e.Eventually(func() error { return e.client.Create(e.ctx, e.part("new", enabled()), client.DryRunAll) }).
		Should(gomega.MatchError(gomega.ContainSubstring("Deployments new and front")))

	// Once nothing scales the first, the second is attached.
	e.Expect(e.client.Delete(e.ctx, e.part("front", nil))).To(gomega.Succeed())
	e.gone("front")
	e.Eventually(func() error { return e.tryAnnotate("back", enabled()) }).Should(gomega.Succeed())
	annotate(e, back, enabled())
	e.attached("back")
}

func TestOfTwoThatShareTheirPodsOneIsAttached(t *testing.T) {
	e := newEnv(t)
	// Without a Service neither can be attached, and both are admitted.
	parts := map[string]*appsv1.Deployment{"front": e.part("front", enabled()), "back": e.part("back", enabled())}
	e.create(parts["front"], parts["back"])
	e.create(e.partService("front"), e.partService("back"))
	var first, second string
	e.Eventually(func() bool {
		front, back := e.hpa("front") != nil, e.hpa("back") != nil
		first, second = "front", "back"
		if back {
			first, second = second, first
		}
		return front || back
	}).Should(gomega.BeTrue())
	note := e.eventOf("Deployment", second, "AmbiguousSelector")
	e.Expect(note).To(gomega.And(gomega.ContainSubstring("Deployments "+second+" and "+first), gomega.ContainSubstring("part: "+second)))
	e.Expect(e.eventOf("Deployment", first, "SelectorMatchesOthers")).To(gomega.ContainSubstring("Deployment " + second))
	e.Expect(e.hpa(second)).To(gomega.BeNil())

	// The other follows when the first is detached.
	annotate(e, parts[first], nil)
	e.gone(first)
	e.attached(second)
	e.Expect(e.hpa(first)).To(gomega.BeNil())
}

func TestAnAutoscalerOfAStatefulSetWithTheSamePods(t *testing.T) {
	e := newEnv(t)
	d, set := e.part("front", nil), e.statefulSet("db")
	e.create(e.partService("front"), d, set)
	e.Eventually(func() bool {
		e.warnings.take()
		e.Expect(e.tryAnnotate("front", enabled())).To(gomega.Succeed())
		lines := e.warnings.take()
		return containing(lines, "SelectorMatchesOthers") && containing(lines, "Deployment front") && containing(lines, "StatefulSet db")
	}).Should(gomega.BeTrue())

	other := of(e.foreign("db", "db"), "apps/v1", "StatefulSet")
	e.create(other)
	e.refusedWith("front", enabled(), "AmbiguousSelector", "Deployment front and StatefulSet db", "HorizontalPodAutoscaler db")
	e.Expect(e.client.Delete(e.ctx, other)).To(gomega.Succeed())
	e.Eventually(func() error { return e.tryAnnotate("front", enabled()) }).Should(gomega.Succeed())
	annotate(e, d, enabled())
	managed := e.attached("front")

	// One that comes later changes nothing, and is reported.
	e.create(of(e.foreign("db", "db"), "apps/v1", "StatefulSet"))
	e.Expect(e.eventOf("Deployment", "front", "AmbiguousSelector")).To(gomega.ContainSubstring("StatefulSet db"))
	got := e.hpa("front")
	e.Expect(got.UID).To(gomega.Equal(managed.UID))
	e.Expect(got.Spec).To(gomega.Equal(managed.Spec))
}

func TestAServiceBeforeAStatefulSet(t *testing.T) {
	e := newEnv(t)
	s := e.partService("db")
	s.Annotations = enabled()
	e.create(e.statefulSet("db"), s)
	e.Eventually(func() []string {
		_, notes := e.events("Service", "db")
		return notes
	}).Should(gomega.ContainElement(gomega.ContainSubstring("the pods that it selects belong to StatefulSet " + e.namespace + "/db; only Deployments are autoscaled")))
}

func TestCPUUtilizationNeedsRequests(t *testing.T) {
	e := newEnv(t)
	settings := enabled(annotations.CPUUtilization, "70")
	e.create(e.service("echo", nil), e.deployment("echo", nil))
	warned := func() bool {
		e.warnings.take()
		e.Expect(e.tryAnnotate("echo", settings)).To(gomega.Succeed())
		return containing(e.warnings.take(), "CPURequestMissing")
	}
	e.Eventually(warned).Should(gomega.BeTrue())
	limits := &corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: "cpu"}}
	limits.Spec.Limits = []corev1.LimitRangeItem{{
		Type: corev1.LimitTypeContainer, DefaultRequest: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")},
	}}
	e.create(limits)
	e.Eventually(warned).Should(gomega.BeFalse())
}

// objectOf is an object of a custom resource.
func (e *env) objectOf(apiVersion, kind, name string, spec map[string]any) *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	u.SetAPIVersion(apiVersion)
	u.SetKind(kind)
	u.SetNamespace(e.namespace)
	u.SetName(name)
	return u
}

func (e *env) install(names ...string) {
	e.t.Helper()
	e.t.Cleanup(func() {
		for _, name := range names {
			crd := &unstructured.Unstructured{}
			crd.SetAPIVersion("apiextensions.k8s.io/v1")
			crd.SetKind("CustomResourceDefinition")
			crd.SetName(name)
			_ = e.client.Delete(context.WithoutCancel(e.ctx), crd)
		}
	})
	e.Expect(controlplane.InstallCRDs(e.ctx, e.stack.admin, names...)).To(gomega.Succeed())
}

func TestOtherControllersOfReplicas(t *testing.T) {
	e := newEnv(t)
	e.install("rollouts.argoproj.io", "canaries.flagger.app")
	target := map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": "echo"}
	takeover := map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": "echo", "scaleDown": "onsuccess"}
	d := e.deployment("echo", nil)
	e.create(e.service("echo", nil), d)
	warning := func(words ...string) func() bool {
		return func() bool {
			e.warnings.take()
			e.Expect(e.tryAnnotate("echo", enabled())).To(gomega.Succeed())
			for _, line := range e.warnings.take() {
				if strings.Contains(line, "ReplicasControlled") {
					return containing([]string{line}, words[0])
				}
			}
			return false
		}
	}
	rollout := e.objectOf("argoproj.io/v1alpha1", "Rollout", "echo", map[string]any{"workloadRef": takeover})
	e.create(rollout)
	e.Eventually(warning("Rollout echo")).Should(gomega.BeTrue())
	e.Expect(e.client.Delete(e.ctx, rollout)).To(gomega.Succeed())
	e.Eventually(warning("")).Should(gomega.BeFalse())

	e.create(e.objectOf("flagger.app/v1beta1", "Canary", "echo", map[string]any{"targetRef": target}))
	e.Eventually(warning("Canary echo of Flagger")).Should(gomega.BeTrue())
	annotate(e, d, enabled())
	e.attached("echo")
	e.Expect(e.eventOf("Deployment", "echo", "ReplicasControlled")).To(gomega.ContainSubstring("echo-primary"))

	// A Rollout whose autoscaler has the same pods.
	front := e.part("front", nil)
	podLabels := map[string]any{"app": "web", "track": "next"}
	e.create(e.partService("front"), front, of(e.foreign("next", "next"), "argoproj.io/v1alpha1", "Rollout"),
		e.objectOf("argoproj.io/v1alpha1", "Rollout", "next", map[string]any{
			"selector": map[string]any{"matchLabels": podLabels},
			"template": map[string]any{"metadata": map[string]any{"labels": podLabels}},
		}))
	e.refusedWith("front", enabled(), "AmbiguousSelector", "Deployment front and Rollout next", "HorizontalPodAutoscaler next")
}

func TestAutoscalersOfOtherProducts(t *testing.T) {
	e := newEnv(t)
	e.install("httpscaledobjects.http.keda.sh", "datadogpodautoscalers.datadoghq.com", "watermarkpodautoscalers.datadoghq.com")
	target := map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": "echo"}
	d := e.deployment("echo", nil)
	e.create(e.service("echo", nil), d, e.objectOf("http.keda.sh/v1alpha1", "HTTPScaledObject", "empty", map[string]any{}))
	for _, other := range []*unstructured.Unstructured{
		e.objectOf("http.keda.sh/v1alpha1", "HTTPScaledObject", "other", map[string]any{"scaleTargetRef": target}),
		e.objectOf("datadoghq.com/v1alpha2", "DatadogPodAutoscaler", "other", map[string]any{"targetRef": target}),
		e.objectOf("datadoghq.com/v1alpha1", "WatermarkPodAutoscaler", "other", map[string]any{"scaleTargetRef": target}),
	} {
		e.create(other)
		e.refusedWith("echo", enabled(), "AnotherAutoscaler", other.GetKind()+" other", "HorizontalPodAutoscaler echo")
		e.Expect(e.client.Delete(e.ctx, other)).To(gomega.Succeed())
		e.Eventually(func() error { return e.tryAnnotate("echo", enabled()) }).Should(gomega.Succeed())
	}
	annotate(e, d, enabled())
	e.attached("echo")
}
