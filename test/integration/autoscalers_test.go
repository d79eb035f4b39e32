package integration

import (
	"context"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/test/controlplane"
)

// foreign returns an unmanaged autoscaler of a Deployment: by CPU, with a behavior.
func (e *env) foreign(name, deployment string) *autoscalingv2.HorizontalPodAutoscaler {
	h := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: name}}
	h.Spec = autoscalingv2.HorizontalPodAutoscalerSpec{
		ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: deployment},
		MinReplicas:    ptr.To[int32](1),
		MaxReplicas:    6,
		Metrics: []autoscalingv2.MetricSpec{{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
			Name:   corev1.ResourceCPU,
			Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: ptr.To[int32](65)},
		}}},
		Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleDown: &autoscalingv2.HPAScalingRules{
			StabilizationWindowSeconds: ptr.To[int32](123),
			SelectPolicy:               ptr.To(autoscalingv2.MinChangePolicySelect),
			Policies:                   []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PodsScalingPolicy, Value: 2, PeriodSeconds: 77}},
		}},
	}
	return h
}

// tryAnnotate annotates a Deployment in a dry run, and returns the API server's answer.
func (e *env) tryAnnotate(name string, settings map[string]string) error {
	e.t.Helper()
	return e.client.Patch(e.ctx, e.workload(name), client.RawPatch("application/merge-patch+json", mergePatch(settings)), client.DryRunAll)
}

// refusedWith waits until annotations are refused with a message that has all words.
func (e *env) refusedWith(name string, settings map[string]string, words ...string) {
	e.t.Helper()
	e.Eventually(func() error { return e.tryAnnotate(name, settings) }).Should(gomega.Satisfy(apierrors.IsForbidden))
	for _, word := range words {
		e.Expect(e.tryAnnotate(name, settings)).To(gomega.MatchError(gomega.ContainSubstring(word)))
	}
	e.warnings.take()
}

func TestTheAnnotationIsRefusedBesideAnotherAutoscaler(t *testing.T) {
	e := newEnv(t)
	v1 := &autoscalingv1.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: "cpu"}}
	v1.Spec = autoscalingv1.HorizontalPodAutoscalerSpec{
		ScaleTargetRef: autoscalingv1.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "one"},
		MaxReplicas:    4, TargetCPUUtilizationPercentage: ptr.To[int32](80),
	}
	for name, other := range map[string]client.Object{"one": v1, "two": e.foreign("cpu2", "two")} {
		d := e.deployment(name, nil)
		e.create(e.service(name, nil), d, other)
		both := []string{"AnotherAutoscaler", "HorizontalPodAutoscaler " + other.GetName() + " ", "HorizontalPodAutoscaler " + name, annotations.Adopt}
		e.refusedWith(name, enabled(), both...)
		said := e.kubectl("", "annotate", "deployment", name, annotations.TargetMS+"=40")
		e.Expect(said.code).NotTo(gomega.BeZero())
		for _, word := range both {
			e.Expect(said.err).To(gomega.ContainSubstring(word))
		}
		e.Expect(e.hpa(name)).To(gomega.BeNil())
		e.Expect(e.client.Delete(e.ctx, other)).To(gomega.Succeed())
		e.Eventually(func() error { return e.tryAnnotate(name, enabled()) }).Should(gomega.Succeed())
		annotate(e, d, enabled())
		e.attached(name)
	}
}

func TestTheAnnotationOfAServiceIsRefusedBesideAnotherAutoscaler(t *testing.T) {
	e := newEnv(t)
	s := e.service("echo", nil)
	e.create(s, e.deployment("echo", nil), e.foreign("cpu", "echo"))
	e.Eventually(func() error {
		return e.client.Patch(e.ctx, s.DeepCopy(), client.RawPatch("application/merge-patch+json", mergePatch(enabled())), client.DryRunAll)
	}).Should(gomega.MatchError(gomega.ContainSubstring("AnotherAutoscaler")))
}

func TestAutoscalerOfTheSameNameIsReportedOnce(t *testing.T) {
	e := newEnv(t)
	e.create(e.service("echo", nil), e.deployment("echo", nil), e.foreign("echo", "echo"))
	e.refusedWith("echo", enabled(), "AnotherAutoscaler: HorizontalPodAutoscaler echo scales it already, and kong-latency does not manage it", annotations.Adopt+`: "echo"`)
}

func TestAPolicyThatWarnsAdmitsTheAnnotationAndNothingIsAttached(t *testing.T) {
	e := newEnv(t)
	e.policy(e.policies(), "", func(s *v1alpha1.LatencyPolicySpec) { s.Conflicts = v1alpha1.Warn })
	other := e.foreign("cpu", "echo")
	d := e.deployment("echo", nil)
	e.create(other, e.service("echo", nil), d)
	e.Eventually(func() bool {
		e.warnings.take()
		return e.tryAnnotate("echo", enabled()) == nil && containing(e.warnings.take(), "AnotherAutoscaler")
	}).Should(gomega.BeTrue())
	annotate(e, d, enabled())
	lines := e.warnings.take()
	e.Expect(lines).To(gomega.ContainElement(gomega.And(
		gomega.ContainSubstring("AnotherAutoscaler"), gomega.ContainSubstring("HorizontalPodAutoscaler cpu"), gomega.ContainSubstring("HorizontalPodAutoscaler echo"))))
	e.Expect(containing(lines, "will attach")).To(gomega.BeFalse())
	e.eventOf("Deployment", "echo", "AnotherAutoscaler")
	reasons, notes := e.events("Deployment", "echo")
	e.Expect(reasons).To(gomega.Equal([]string{"Blocked"}))
	e.Expect(notes[0]).To(gomega.HavePrefix("AnotherAutoscaler: HorizontalPodAutoscaler cpu scales it"))
	e.Expect(e.hpa("echo")).To(gomega.BeNil())
	e.Expect(e.client.Delete(e.ctx, other)).To(gomega.Succeed())
	e.attached("echo")
}

func TestLaterSecondAutoscalerChangesNothing(t *testing.T) {
	e := newEnv(t)
	d := e.deployment("echo", enabled())
	e.create(e.service("echo", nil), d)
	managed := e.attached("echo")
	other := e.foreign("cpu", "echo")
	e.create(other)
	note := e.eventOf("Deployment", "echo", "AnotherAutoscaler")
	e.Expect(note).To(gomega.And(gomega.ContainSubstring("HorizontalPodAutoscaler cpu "), gomega.ContainSubstring("HorizontalPodAutoscaler echo,")))
	got := e.hpa("echo")
	e.Expect(got.UID).To(gomega.Equal(managed.UID))
	e.Expect(got.Spec).To(gomega.Equal(managed.Spec))
	e.Expect(e.hpa("cpu").Spec).To(gomega.Equal(other.Spec))
	// Neither a rollback nor a change of settings is refused, and the managed one follows.
	edit(e, d, func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "echo:0" })
	annotate(e, d, enabled(annotations.TargetMS, "50"))
	e.attached("echo", target("50"))
	e.Expect(e.hpa("cpu").Spec).To(gomega.Equal(other.Spec))
}

func TestNameInUseIsRefused(t *testing.T) {
	e := newEnv(t)
	e.create(e.service("echo", nil), e.deployment("echo", nil), e.foreign("echo", "other"))
	e.refusedWith("echo", enabled(), "NameTaken", "HorizontalPodAutoscaler echo exists already", "Deployment other")
}

func TestAnAutoscalerOfAnotherDeploymentIsNoConflict(t *testing.T) {
	e := newEnv(t)
	statefulSet := e.foreign("set", "echo")
	statefulSet.Spec.ScaleTargetRef.Kind = "StatefulSet"
	e.create(e.foreign("cpu", "other"), statefulSet, e.service("echo", nil))
	e.Eventually(func() []string {
		e.Expect(e.client.Create(e.ctx, e.deployment("echo", enabled()), client.DryRunAll)).To(gomega.Succeed())
		return e.warnings.take()
	}).Should(gomega.ConsistOf(withPipeline("kong-latency: will attach " + echoPlan)...))
	e.create(e.deployment("echo", enabled()))
	e.attached("echo")
}

const scaledObjects = "scaledobjects.keda.sh"

// scaledObject returns a ScaledObject of KEDA for a Deployment.
func (e *env) scaledObject(name, deployment string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
		"metadata": map[string]any{"namespace": e.namespace, "name": name},
		"spec": map[string]any{
			"scaleTargetRef": map[string]any{"name": deployment},
			"triggers": []any{map[string]any{
				"type": "prometheus", "metadata": map[string]any{"serverAddress": "http://p", "query": "q", "threshold": "1"},
			}},
		},
	}}
}

// madeBy makes o the controller of an autoscaler.
func madeBy(h *autoscalingv2.HorizontalPodAutoscaler, o client.Object) *autoscalingv2.HorizontalPodAutoscaler {
	gvk := o.GetObjectKind().GroupVersionKind()
	h.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: gvk.GroupVersion().String(), Kind: gvk.Kind, Name: o.GetName(), UID: o.GetUID(), Controller: ptr.To(true),
	}}
	return h
}

func (e *env) removeScaledObjects(ctx context.Context) error {
	crd := &unstructured.Unstructured{}
	crd.SetAPIVersion("apiextensions.k8s.io/v1")
	crd.SetKind("CustomResourceDefinition")
	crd.SetName(scaledObjects)
	return client.IgnoreNotFound(e.client.Delete(ctx, crd))
}

func TestScaledObjectsOfKEDA(t *testing.T) {
	e := newEnv(t)
	e.create(e.service("echo", nil), e.deployment("echo", nil))
	quiet := func() []string {
		e.Expect(e.tryAnnotate("echo", enabled())).To(gomega.Succeed())
		return e.warnings.take()
	}
	e.Eventually(quiet).Should(gomega.ConsistOf(withPipeline("kong-latency: will attach "+echoPlan)...), "without KEDA it is not mentioned")

	t.Cleanup(func() { _ = e.removeScaledObjects(context.WithoutCancel(e.ctx)) })
	e.Expect(controlplane.InstallCRDs(e.ctx, e.stack.admin, scaledObjects)).To(gomega.Succeed())
	so := e.scaledObject("queue", "echo")
	e.create(so)
	e.refusedWith("echo", enabled(), "AnotherAutoscaler", "ScaledObject queue scales it", "HorizontalPodAutoscaler echo")

	// KEDA's autoscaler for it is not reported as a third one.
	e.create(madeBy(e.foreign("keda-hpa-queue", "echo"), so))
	e.refusedWith("echo", enabled(annotations.Adopt, "keda-hpa-queue"), "AdoptedControlled", "ScaledObject queue")
	err := e.tryAnnotate("echo", enabled())
	e.Expect(strings.Count(err.Error(), "AnotherAutoscaler")).To(gomega.Equal(1), err.Error())
	e.Expect(err.Error()).NotTo(gomega.ContainSubstring("keda-hpa-queue"))
	e.Expect(e.hpa("echo")).To(gomega.BeNil())

	// One created later does not change the managed autoscaler.
	e.create(e.service("first", nil), e.deployment("first", enabled()))
	first := e.attached("first")
	e.create(e.scaledObject("later", "first"))
	e.Expect(e.eventOf("Deployment", "first", "AnotherAutoscaler")).To(gomega.And(
		gomega.ContainSubstring("ScaledObject later"), gomega.ContainSubstring("HorizontalPodAutoscaler first")))
	e.Expect(e.hpa("first").UID).To(gomega.Equal(first.UID))

	// Removed together with KEDA, they block nothing.
	e.Expect(e.client.Delete(e.ctx, e.hpa("keda-hpa-queue"))).To(gomega.Succeed())
	e.Expect(e.removeScaledObjects(e.ctx)).To(gomega.Succeed())
	e.Eventually(func() []string {
		if e.tryAnnotate("echo", enabled()) != nil {
			return nil
		}
		return e.warnings.take()
	}).Should(gomega.ConsistOf(withPipeline("kong-latency: will attach " + echoPlan)...))
	e.mustKubectl("", "annotate", "deployment", "echo", annotations.TargetMS+"=40")
	e.attached("echo")
}
