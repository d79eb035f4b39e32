package integration

import (
	"bytes"
	"testing"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	appsv1apply "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1apply "k8s.io/client-go/applyconfigurations/core/v1"
	metav1apply "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// newPolicyEnv returns an env whose client supports LatencyPolicies.
func newPolicyEnv(t *testing.T) *env {
	t.Helper()
	e := newEnv(t)
	e.client = e.policies()
	return e
}

// attaching creates a policy that attaches at 50 ms, named like the test's namespace.
func (e *env) attaching(edits ...func(*v1alpha1.LatencyPolicySpec)) *v1alpha1.LatencyPolicy {
	e.t.Helper()
	return e.policy(e.client, "", func(s *v1alpha1.LatencyPolicySpec) {
		s.AutoAttach = &v1alpha1.AutoAttach{TargetMilliseconds: resource.MustParse("50")}
		for _, edit := range edits {
			edit(s)
		}
	})
}

// enableAutoAttach labels the test's namespace for auto-attach.
func (e *env) enableAutoAttach() {
	e.t.Helper()
	e.label(policy.AutoAttachLabel, policy.AutoAttachEnabled)
}

// awaitWarning waits until a dry run of creating o is answered with a warning that
// contains text, so that the webhook has seen all earlier changes.
func (e *env) awaitWarning(o client.Object, text string) {
	e.t.Helper()
	e.Eventually(func() []string {
		e.Expect(e.client.Create(e.ctx, o.DeepCopyObject().(client.Object), client.DryRunAll)).To(gomega.Succeed())
		return e.warnings.take()
	}).Should(gomega.ContainElement(gomega.ContainSubstring(text)))
}

// stamp is what auto-attach wrote on d.
func stamp(d client.Object) map[string]string { return annotations.Prefixed(d.GetAnnotations()) }

// stampOf returns what it writes for the test's policy.
func (e *env) stampOf(target string) map[string]string {
	return map[string]string{annotations.TargetMS: target, annotations.AttachedBy: e.namespace + "=" + target}
}

func TestAutoAttachAnnotatesAtAdmission(t *testing.T) {
	e := newPolicyEnv(t)
	e.enableAutoAttach()
	e.attaching(func(s *v1alpha1.LatencyPolicySpec) {
		s.Defaults = &v1alpha1.Defaults{MinReplicas: ptr.To[int32](2), MaxReplicas: ptr.To[int32](20)}
	})
	e.create(e.service("echo", nil))
	d := e.deployment("echo", map[string]string{"other.example/a": "b"})
	e.awaitWarning(d, " enables autoscaling: wrote")
	e.Expect(e.hpa("echo")).To(gomega.BeNil(), "a dry run attached something")

	e.create(d)
	e.Expect(e.warnings.take()).To(gomega.ConsistOf(withPipeline(
		gomega.ContainSubstring(`LatencyPolicy `+e.namespace+` enables autoscaling: wrote kong.latency/target-ms: "50"`),
		gomega.ContainSubstring("raised spec.replicas from 1 to 2"),
		gomega.ContainSubstring("at 50 ms, 2-20 replicas (by LatencyPolicy "+e.namespace+")"),
	)...))
	e.Expect(stamp(d)).To(gomega.Equal(e.stampOf("50")))
	e.Expect(d.Annotations).To(gomega.HaveKeyWithValue("other.example/a", "b"))
	e.Expect(*d.Spec.Replicas).To(gomega.BeEquivalentTo(2))
	h := e.attached("echo", target("50"))
	e.Expect(h.Spec.MaxReplicas).To(gomega.BeEquivalentTo(20))

	// If the whole object is replaced, they are written again, and the autoscaler stays.
	edit(e, d, func(d *appsv1.Deployment) {
		d.Annotations = nil
		d.Spec.Template.Spec.Containers[0].Image = "echo:2"
	})
	e.Expect(stamp(d)).To(gomega.Equal(e.stampOf("50")))
	e.Expect(e.hpa("echo").UID).To(gomega.Equal(h.UID))
	// An explicit target has precedence, and the autoscaler follows it.
	edit(e, d, func(d *appsv1.Deployment) { d.Annotations[annotations.TargetMS] = "45" })
	e.Expect(d.Annotations).To(gomega.HaveKeyWithValue(annotations.TargetMS, "45"))
	e.attached("echo", target("45"))
}

// Tools that apply a manifest repeatedly must find what they applied: they do not own
// the annotations of auto-attach, which stay.
func TestAutoAttachWorksWithServerSideApply(t *testing.T) {
	e := newPolicyEnv(t)
	e.enableAutoAttach()
	e.attaching()
	e.create(e.service("echo", nil))
	e.awaitWarning(e.deployment("echo", nil), " enables autoscaling: wrote")

	const owner = client.FieldOwner("repository")
	var generations []int64
	for range 3 {
		e.Expect(e.client.Apply(e.ctx, e.manifest(), owner)).To(gomega.Succeed())
		var d appsv1.Deployment
		e.Expect(e.client.Get(e.ctx, client.ObjectKey{Namespace: e.namespace, Name: "echo"}, &d)).To(gomega.Succeed())
		e.Expect(stamp(&d)).To(gomega.Equal(e.stampOf("50")))
		generations = append(generations, d.Generation)
		for _, f := range d.ManagedFields {
			if f.Manager == string(owner) {
				e.Expect(bytes.Contains(f.FieldsV1.GetRawBytes(), []byte(annotations.Prefix))).To(gomega.BeFalse(), "the applier owns the annotations of auto-attach")
			}
		}
	}
	e.Expect(generations).To(gomega.HaveEach(generations[0]), "applying the same again changed the Deployment")
	e.attached("echo", target("50"))
}

// manifest is a Deployment as in a repository.
func (e *env) manifest() *appsv1apply.DeploymentApplyConfiguration {
	labels := map[string]string{"app": "echo"}
	return appsv1apply.Deployment("echo", e.namespace).WithSpec(appsv1apply.DeploymentSpec().
		WithSelector(metav1apply.LabelSelector().WithMatchLabels(labels)).
		WithTemplate(corev1apply.PodTemplateSpec().WithLabels(labels).
			WithSpec(corev1apply.PodSpec().WithContainers(corev1apply.Container().WithName("echo").WithImage("echo:1")))))
}

func TestOptOutOfAutoAttach(t *testing.T) {
	e := newPolicyEnv(t)
	e.enableAutoAttach()
	e.attaching()
	e.create(e.service("echo", nil), e.service("off", nil))
	e.awaitWarning(e.deployment("echo", nil), " enables autoscaling: wrote")

	off := map[string]string{annotations.TargetMS: annotations.Off}
	d := e.deployment("off", off)
	e.create(d)
	e.Expect(e.warnings.take()).To(gomega.BeEmpty())
	e.Expect(stamp(d)).To(gomega.Equal(off))
	e.create(e.deployment("echo", nil))
	e.attached("echo") // by now the controller has seen the other one
	e.Expect(e.hpa("off")).To(gomega.BeNil())

	annotate(e, d, nil)
	e.Expect(stamp(d)).To(gomega.Equal(e.stampOf("50")), "it is attached again")
	e.attached("off", target("50"))
	edit(e, d, func(d *appsv1.Deployment) { d.Annotations[annotations.TargetMS] = annotations.Off })
	e.gone("off")
}

func TestAutoAttachIncludesExistingDeployments(t *testing.T) {
	e := newPolicyEnv(t)
	d, declined, ambiguous := e.deployment("echo", nil), e.deployment("off", map[string]string{annotations.TargetMS: annotations.Off}), e.deployment("two", nil)
	second := e.service("second", nil)
	second.Spec.Selector = map[string]string{"app": "two"}
	e.create(d, e.service("echo", nil), declined, e.service("off", nil), ambiguous, e.service("two", nil), second)
	p := e.attaching()
	e.enableAutoAttach()
	e.attached("echo", target("50"))
	e.Expect(e.client.Get(e.ctx, client.ObjectKeyFromObject(d), d)).To(gomega.Succeed())
	e.Expect(stamp(d)).To(gomega.BeEmpty(), "the controller must not write to Deployments")

	// The webhook can learn of the label later than the controller.
	e.create(e.service("probe", nil))
	e.awaitWarning(e.deployment("probe", nil), " enables autoscaling: wrote")

	// Changes of the policy's target also apply to annotated Deployments.
	edit(e, d, func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "echo:2" })
	e.Expect(stamp(d)).To(gomega.Equal(e.stampOf("50")))
	edit(e, p, func(p *v1alpha1.LatencyPolicy) { p.Spec.AutoAttach.TargetMilliseconds = resource.MustParse("60") })
	e.attached("echo", target("60"))

	e.Expect(e.hpa("off")).To(gomega.BeNil())
	e.Expect(e.hpa("two")).To(gomega.BeNil(), "two Services select its pods")
	e.Expect(e.client.Delete(e.ctx, second)).To(gomega.Succeed())
	e.attached("two", target("60"))
}

func TestDisablingAutoAttachDetachesOnlyWhatItAttached(t *testing.T) {
	ways := map[string]func(*env, *v1alpha1.LatencyPolicy){
		"autoAttach is removed": func(e *env, p *v1alpha1.LatencyPolicy) {
			edit(e, p, func(p *v1alpha1.LatencyPolicy) { p.Spec.AutoAttach = nil })
		},
		"the policy is deleted":  func(e *env, p *v1alpha1.LatencyPolicy) { e.Expect(e.client.Delete(e.ctx, p)).To(gomega.Succeed()) },
		"the namespace opts out": func(e *env, _ *v1alpha1.LatencyPolicy) { e.label(policy.AutoAttachLabel, "disabled") },
	}
	for name, turnOff := range ways {
		t.Run(name, func(t *testing.T) {
			e := newPolicyEnv(t)
			e.create(e.deployment("before", nil), e.service("before", nil))
			p := e.attaching()
			e.enableAutoAttach()
			e.create(e.service("stamped", nil), e.service("annotated", nil), e.service("byservice", enabled()))
			e.awaitWarning(e.deployment("stamped", nil), " enables autoscaling: wrote")
			stamped := e.deployment("stamped", nil)
			e.create(stamped, e.deployment("annotated", enabled()), e.deployment("byservice", nil))
			e.Expect(stamp(stamped)).To(gomega.Equal(e.stampOf("50")))
			e.attached("before", target("50"))
			e.attached("stamped", target("50"))
			kept := map[string]string{}
			for _, name := range []string{"annotated", "byservice"} {
				kept[name] = string(e.attached(name, target("40")).UID)
			}

			turnOff(e, p)
			e.gone("before")
			e.gone("stamped")
			e.eventOf("Deployment", "stamped", "Detached")
			for name, uid := range kept {
				e.Expect(string(e.attached(name, target("40")).UID)).To(gomega.Equal(uid))
			}
		})
	}
}

func TestAutoAttachCallsTheWebhookInEnabledNamespacesOnly(t *testing.T) {
	calls := func(e *env) float64 {
		sum := e.calls()
		for _, name := range []string{"auto-attach.deployments.mutate.kong.latency", "auto-attach.deployments.validate.kong.latency"} {
			sum += e.metric("apiserver_admission_webhook_request_total", "name="+name)
		}
		return sum
	}
	part, other := newPolicyEnv(t), newPolicyEnv(t)
	part.enableAutoAttach()
	part.attaching()
	part.create(part.service("echo", nil))
	part.awaitWarning(part.deployment("echo", nil), " enables autoscaling: wrote")

	before := calls(other)
	d := other.deployment("echo", map[string]string{"other.example/a": "b"})
	other.create(other.service("echo", nil), d)
	edit(other, d, func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "echo:2" })
	other.Expect(calls(other)).To(gomega.Equal(before), "a Deployment without annotations caused a call")

	before = calls(part)
	part.create(part.deployment("echo", nil))
	part.Expect(calls(part)-before).To(gomega.BeNumerically(">=", 2), "to write the target, and to validate")
}
