package install

import (
	"testing"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// chart is the Helm chart, from the repository's root.
const chart = "charts/kong-latency"

// TestKustomize installs and uninstalls every variant; each must leave nothing behind.
func TestKustomize(t *testing.T) {
	for _, overlay := range []struct {
		folder string
		pods   map[string]int
	}{
		{"config/default", map[string]int{"webhook": 2, "controller": 2}},
		{"config/cert-manager", map[string]int{"webhook": 2, "controller": 2}},
		{"config/all-in-one", map[string]int{"webhook": 1}},
	} {
		t.Run(overlay.folder, func(t *testing.T) {
			g := newG(t)
			before := takeInventory(t, g)
			kubectl(t, "apply", "-k", overlay.folder)
			expectPods(t, g, namespace, overlay.pods)
			expectRestricted(t, g, namespace)
			kubectl(t, "apply", "-k", "config/prometheus")
			kubectl(t, "apply", "-k", "config/grafana")
			g.Expect(takeInventory(t, g).has(namespace+"/kong-latency-webhook")).To(gomega.BeTrue(), "the inventory sees what is installed")

			kubectl(t, "delete", "-k", "config/grafana")
			kubectl(t, "delete", "-k", "config/prometheus")
			kubectl(t, "delete", "-k", "config/webhook")
			kubectl(t, "delete", "-k", overlay.folder, "--ignore-not-found")
			expectNothingLeft(t, g, before)
			g.Expect(createAnnotated(t)).To(gomega.Succeed())
		})
	}
}

// TestHelm installs the chart into a namespace of another name that enforces
// restricted, with failurePolicy Fail and no running webhook, so that a webhook
// configuration that is left behind shows.
func TestHelm(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  string
		pods map[string]int
	}{
		{"two processes", "allInOne=false", map[string]int{"webhook": 2, "controller": 2}},
		{"all in one", "allInOne=true", map[string]int{"webhook": 1}},
		{"with cert-manager", "certs.mode=cert-manager,prometheusRule.enabled=true", map[string]int{"webhook": 2, "controller": 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newG(t)
			ns := restrictedNamespace(t, g)
			before := takeInventory(t, g)
			helm(t, "install", "kong-latency", chart, "--namespace", ns, "--wait", "--set", tt.set,
				"--set", "webhook.failurePolicy=Fail,serviceMonitor.enabled=true")
			expectPods(t, g, ns, tt.pods)
			g.Expect(takeInventory(t, g).beyond(before)).NotTo(gomega.BeEmpty())
			err := createAnnotated(t)
			g.Expect(apierrors.IsInternalError(err)).To(gomega.BeTrue(), "refused as nobody answers, and got %v", err)
			g.Expect(createPlain(t)).To(gomega.Succeed(), "what is not annotated is none of our business")

			helm(t, "upgrade", "kong-latency", chart, "--namespace", ns, "--wait", "--reuse-values", "--set", "logLevel=debug")
			expectPods(t, g, ns, tt.pods)

			helm(t, "uninstall", "kong-latency", "--namespace", ns, "--wait")
			expectNothingLeft(t, g, before)
			g.Expect(createAnnotated(t)).To(gomega.Succeed())
		})
	}
}

// TestHelmKeepsPolicies checks that with crds.keep policies outlive the release, and
// that the next release adopts their definition.
func TestHelmKeepsPolicies(t *testing.T) {
	g := newG(t)
	ns := restrictedNamespace(t, g)
	before := takeInventory(t, g)
	helm(t, "install", "kong-latency", chart, "--namespace", ns, "--set", "crds.keep=true")
	must(t, "", "kubectl", "wait", "--for=condition=Established", "crd/latencypolicies.kong.latency")
	kubectl(t, "apply", "-f", "config/samples/latencypolicy_default.yaml")
	helm(t, "uninstall", "kong-latency", "--namespace", ns, "--wait")
	g.Eventually(func(g gomega.Gomega) {
		g.Expect(takeInventory(t, g).beyond(before)).To(gomega.Equal([]string{
			"apiservices.apiregistration.k8s.io /v1alpha1.kong.latency", // created by the API server
			"customresourcedefinitions.apiextensions.k8s.io /latencyautoscalers.kong.latency",
			"customresourcedefinitions.apiextensions.k8s.io /latencypolicies.kong.latency",
			"latencypolicies.kong.latency /default",
		}))
	}).Should(gomega.Succeed())
	helm(t, "install", "kong-latency", chart, "--namespace", ns)
	helm(t, "uninstall", "kong-latency", "--namespace", ns, "--wait")
	expectNothingLeft(t, g, before)
}

// expectPods waits until each component has this many ready pods, and no other.
func expectPods(t *testing.T, g *gomega.WithT, ns string, want map[string]int) {
	t.Helper()
	g.Eventually(func(g gomega.Gomega) {
		var pods corev1.PodList
		g.Expect(admin.List(t.Context(), &pods, client.InNamespace(ns))).To(gomega.Succeed())
		ready := map[string]int{}
		for _, p := range pods.Items {
			g.Expect(p.DeletionTimestamp).To(gomega.BeNil(), p.Name)
			for _, c := range p.Status.Conditions {
				if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
					ready[p.Labels["app.kubernetes.io/component"]]++
				}
			}
		}
		g.Expect(ready).To(gomega.Equal(want))
	}).Should(gomega.Succeed())
}

// expectRestricted expects a pod that the level restricted does not allow to be refused.
func expectRestricted(t *testing.T, g *gomega.WithT, ns string) {
	t.Helper()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "root"}}
	pod.Spec.Containers = []corev1.Container{{Name: "root", Image: "root"}}
	err := admin.Create(t.Context(), pod, client.DryRunAll)
	g.Expect(err).To(gomega.MatchError(gomega.ContainSubstring(`violates PodSecurity "restricted`)))
}

// restrictedNamespace creates a namespace until the test ends.
func restrictedNamespace(t *testing.T, g *gomega.WithT) string {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "platform-", Labels: map[string]string{
		"pod-security.kubernetes.io/enforce": "restricted",
	}}}
	g.Expect(admin.Create(t.Context(), ns)).To(gomega.Succeed())
	t.Cleanup(func() { kubectlAfter(t, "delete", "namespace", ns.Name) })
	g.Eventually(func() error { // otherwise it would count as left behind
		return admin.Get(t.Context(), client.ObjectKey{Namespace: ns.Name, Name: "kube-root-ca.crt"}, &corev1.ConfigMap{})
	}).Should(gomega.Succeed())
	g.Eventually(func() error {
		return admin.Get(t.Context(), client.ObjectKey{Namespace: ns.Name, Name: "default"}, &corev1.ServiceAccount{})
	}).Should(gomega.Succeed())
	expectRestricted(t, g, ns.Name)
	return ns.Name
}

// createAnnotated tries to create a Deployment with the annotation.
func createAnnotated(t *testing.T) error {
	t.Helper()
	return admin.Create(t.Context(), deployment(map[string]string{"kong.latency/target-ms": "40"}), client.DryRunAll)
}

// createPlain tries to create one without it.
func createPlain(t *testing.T) error {
	t.Helper()
	return admin.Create(t.Context(), deployment(nil), client.DryRunAll)
}

func deployment(annotations map[string]string) *appsv1.Deployment {
	labels := map[string]string{"app": "echo"}
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "echo", Annotations: annotations}}
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	d.Spec.Template.Labels = labels
	d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "echo", Image: "echo:1"}}
	return d
}
