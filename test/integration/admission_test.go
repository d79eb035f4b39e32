package integration

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
)

const echoPlan = "HPA echo: kong_upstream_latency_ms_60s_average of Service echo at 40 ms, 1-10 replicas"

func TestAllInvalidSettingsAreRefusedTogether(t *testing.T) {
	e := newEnv(t)
	bad := map[string]string{annotations.TargetMS: "40ms", annotations.MaxReplicas: "many", annotations.Prefix + "tarket-ms": "1"}
	live := e.deployment("live", nil)
	liveService := e.service("live", nil)
	e.create(live, liveService)
	attempts := map[string]func() error{
		"create Deployment": func() error { return e.client.Create(e.ctx, e.deployment("echo", bad)) },
		"create Service":    func() error { return e.client.Create(e.ctx, e.service("echo", bad)) },
		"update Deployment": func() error {
			return e.client.Patch(e.ctx, live.DeepCopy(), client.RawPatch("application/merge-patch+json", mergePatch(bad)))
		},
		"update Service": func() error {
			return e.client.Patch(e.ctx, liveService.DeepCopy(), client.RawPatch("application/merge-patch+json", mergePatch(bad)))
		},
	}
	for name, attempt := range attempts {
		err := attempt()
		e.Expect(apierrors.IsForbidden(err)).To(gomega.BeTrue(), "%s: %v", name, err)
		for _, want := range []string{
			annotations.TargetMS, `"40ms"`, "must be a decimal number of milliseconds",
			annotations.MaxReplicas, `"many"`, "must be an integer from 1",
			"tarket-ms", "did you mean kong.latency/target-ms?",
		} {
			e.Expect(err.Error()).To(gomega.ContainSubstring(want), name)
		}
	}
	e.Expect(e.client.Get(e.ctx, client.ObjectKey{Namespace: e.namespace, Name: "echo"}, &appsv1.Deployment{})).
		To(gomega.Satisfy(apierrors.IsNotFound))
}

func TestKubectlPrintsTheWholeDenial(t *testing.T) {
	e := newEnv(t)
	e.create(e.deployment("live", nil))
	kubectl := exec.CommandContext(e.ctx, e.stack.cp.Binary("kubectl"), "--kubeconfig", e.stack.cp.Kubeconfig(),
		"--namespace", e.namespace, "annotate", "deployment/live", annotations.TargetMS+"=40ms", annotations.Paused+"=yes")
	out, err := kubectl.CombinedOutput()
	e.Expect(err).To(gomega.HaveOccurred())
	for _, want := range []string{"InvalidAnnotation", annotations.TargetMS, `"40ms"`, "must be a decimal number", annotations.Paused, `"yes"`, "must be one of true, false, scale-in, scale-out"} {
		e.Expect(string(out)).To(gomega.ContainSubstring(want))
	}
}

func mergePatch(settings map[string]string) []byte {
	var pairs []string
	for k, v := range settings {
		pairs = append(pairs, fmt.Sprintf("%q:%q", k, v))
	}
	return []byte(`{"metadata":{"annotations":{` + strings.Join(pairs, ",") + `}}}`)
}

func TestAdmissionAnnouncesTheAutoscaler(t *testing.T) {
	e := newEnv(t)
	e.create(e.service("echo", nil))
	d := e.deployment("echo", enabled())
	// The webhook's cache learns of the Service a moment after the API server.
	e.Eventually(func() []string {
		dry := d.DeepCopy()
		e.Expect(e.client.Create(e.ctx, dry, client.DryRunAll)).To(gomega.Succeed())
		return e.warnings.take()
	}).Should(gomega.ConsistOf(withPipeline("kong-latency: will attach " + echoPlan)...))
	e.Expect(e.hpa("echo")).To(gomega.BeNil(), "a dry run attached something")
	e.Expect(e.client.Get(e.ctx, client.ObjectKeyFromObject(d), &appsv1.Deployment{})).To(gomega.Satisfy(apierrors.IsNotFound))

	e.create(d)
	e.Expect(e.warnings.take()).To(gomega.ConsistOf(withPipeline("kong-latency: will attach " + echoPlan)...))
	edit(e, d, func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "echo:2" })
	// An update that meets a conflict is sent again, and warned of again.
	e.Expect(e.warnings.take()).To(gomega.And(gomega.Not(gomega.BeEmpty()), gomega.HaveEach(noMetricsAPIWarning())), "settings did not change")
	annotate(e, d, map[string]string{annotations.TargetMS: "50"})
	e.Expect(containing(e.warnings.take(), "will change HPA echo")).To(gomega.BeTrue())
	annotate(e, d, nil)
	e.Expect(containing(e.warnings.take(), "will detach")).To(gomega.BeTrue())
}

func TestServiceAdmissionAnnouncesTheAutoscaler(t *testing.T) {
	e := newEnv(t)
	e.create(e.deployment("echo", nil))
	s := e.service("echo", enabled())
	e.Eventually(func() []string {
		e.Expect(e.client.Create(e.ctx, s.DeepCopy(), client.DryRunAll)).To(gomega.Succeed())
		return e.warnings.take()
	}).Should(gomega.ConsistOf(withPipeline("kong-latency: will attach " + echoPlan)...))
	e.create(s)
	e.warnings.take()
	annotate(e, s, nil)
	e.Expect(containing(e.warnings.take(), "will detach")).To(gomega.BeTrue())
}

func TestDeploymentBeforeItsServiceIsAdmittedWithAWarning(t *testing.T) {
	e := newEnv(t)
	e.create(e.deployment("echo", enabled()))
	e.Expect(e.warnings.take()).To(gomega.ConsistOf(gomega.ContainSubstring("NoServiceSelectsPods")))
}

func TestReplicasBelowMinAreRaisedOnCreateAndNothingElse(t *testing.T) {
	e := newEnv(t)
	sent := e.deployment("echo", enabled(annotations.MinReplicas, "3"))
	got := sent.DeepCopy()
	e.create(got)
	e.Expect(*got.Spec.Replicas).To(gomega.BeEquivalentTo(3))
	e.Expect(containing(e.warnings.take(), "raised spec.replicas from 1 to 3")).To(gomega.BeTrue())
	e.Expect(got.Annotations).To(gomega.Equal(sent.Annotations))
	e.Expect(got.Labels).To(gomega.BeEmpty())
	e.Expect(got.Spec.Template.Spec.Containers[0].Image).To(gomega.Equal("echo:1"))

	off := e.deployment("off", enabled(annotations.MinReplicas, "3"))
	off.Spec.Replicas = ptr.To[int32](0)
	e.create(off)
	e.Expect(*off.Spec.Replicas).To(gomega.BeEquivalentTo(0), "0 turns a workload off and is allowed")
}

func TestFinalizerOfABrokenDeploymentCanBeRemoved(t *testing.T) {
	e := newEnv(t)
	d := e.deployment("echo", nil)
	d.Finalizers = []string{"example.com/wait"}
	e.create(d)
	// Settings can become invalid without admission, for example while no webhook runs.
	// Here the object is marked for deletion first, and is admitted for that reason.
	e.Expect(e.client.Delete(e.ctx, d)).To(gomega.Succeed())
	annotate(e, d, map[string]string{annotations.TargetMS: "bad"})
	edit(e, d, func(d *appsv1.Deployment) { d.Finalizers = nil })
	e.Eventually(func() error {
		return e.client.Get(e.ctx, client.ObjectKeyFromObject(d), &appsv1.Deployment{})
	}).Should(gomega.Satisfy(apierrors.IsNotFound))
}

// calls returns the API server's count of calls to the product's webhooks.
func (e *env) calls() float64 {
	var sum float64
	for _, name := range []string{"deployments.mutate.kong.latency", "deployments.validate.kong.latency", "services.validate.kong.latency"} {
		sum += e.metric("apiserver_admission_webhook_request_total", "name="+name)
	}
	return sum
}

func TestOnlyAnnotatedObjectsCauseCalls(t *testing.T) {
	e := newEnv(t)
	before := e.calls()
	d, s := e.deployment("echo", map[string]string{"other.example/a": "b"}), e.service("echo", nil)
	e.create(d, s)
	edit(e, d, func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "echo:2" })
	e.Expect(e.calls()).To(gomega.Equal(before), "an object without annotations caused a call")

	steps := []struct {
		what  string
		do    func()
		calls float64
	}{
		{"annotation added", func() { annotate(e, d, enabled()) }, 1},
		{"annotated object updated", func() {
			edit(e, d, func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "echo:3" })
		}, 1},
		{"annotation removed", func() { annotate(e, d, nil) }, 1},
		{"created with annotation", func() { e.create(e.deployment("echo2", enabled())) }, 2}, // mutating and validating
		{"Service created with annotation", func() { e.create(e.service("echo2", enabled())) }, 1},
	}
	for _, step := range steps {
		before := e.calls()
		step.do()
		// kube-controller-manager annotates the Deployment with its revision, which is an update, too.
		e.Expect(e.calls()-before).To(gomega.BeNumerically(">=", step.calls), step.what)
	}
}
