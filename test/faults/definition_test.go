package faults

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/policy"
	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/product"
)

// policy creates a LatencyPolicy that attaches the workloads of the namespace and gives
// them other numbers than the built-in ones.
func (c *cluster) policy(name string) *unstructured.Unstructured {
	c.t.Helper()
	p := policyObject(name)
	c.Eventually(func() error { return c.admin.Create(c.ctx, p) }).Should(gomega.Succeed()) // the kind may be new
	return p
}

func policyObject(name string) *unstructured.Unstructured {
	p := &unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{
			"autoAttach": map[string]any{"targetMilliseconds": "50"},
			"defaults":   map[string]any{"minReplicas": int64(5), "maxReplicas": int64(50)},
		},
	}}
	p.SetGroupVersionKind(schema.GroupVersionKind{Group: "kong.latency", Version: "v1alpha1", Kind: "LatencyPolicy"})
	p.SetName(name)
	return p
}

func (c *cluster) definition() *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	u.SetName(policiesResource)
	return u
}

func (c *cluster) gone(o client.Object) {
	c.t.Helper()
	c.Eventually(func() bool {
		return apierrors.IsNotFound(c.admin.Get(c.ctx, client.ObjectKeyFromObject(o), o))
	}).Should(gomega.BeTrue(), "%s is still there", o.GetName())
}

// autoAttached creates workloads that are enabled by a policy, and others by an annotation,
// and waits until all have what the policy says.
func (c *cluster) autoAttached(n int) (names []string) {
	c.t.Helper()
	c.namespace = c.newNamespace(map[string]string{policy.AutoAttachLabel: policy.AutoAttachEnabled})
	names = c.enable(n)
	for i := range n {
		name := fmt.Sprintf("auto-%03d", i)
		d, s := c.workload(name, nil)
		c.create(s, d)
		names = append(names, name)
	}
	c.Eventually(func() int {
		right := 0
		for _, h := range c.hpas() {
			if *h.Spec.MinReplicas == 5 && h.Spec.MaxReplicas == 50 {
				right++
			}
		}
		return right
	}).Should(gomega.Equal(2 * n))
	return names
}

// expectUnknown waits until the controller has reconciled all of these workloads without a
// policy, and fails as soon as an autoscaler differs.
func (c *cluster) expectUnknown(p *product.Process, names []string, autoscalers map[string]string) {
	c.t.Helper()
	unread, kind := unread(policiesResource)
	c.Eventually(func() (bool, error) {
		if now := c.versions(); !maps.Equal(now, autoscalers) {
			return false, gomega.StopTrying(fmt.Sprintf("the autoscalers were %v and are %v", autoscalers, now))
		}
		unknown := c.metric(p, "kong_latency_findings", "reason="+policy.PolicyUnknown.Name)
		return c.metric(p, unread, kind) == 1 && unknown == float64(len(names)), nil
	}).WithTimeout(3 * time.Minute).Should(gomega.BeTrue())
}

func TestTheCRDIsDeletedWhileTheControllerRuns(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	c.policy("frame")
	// This one, which selects nothing, is deleted slowly, and so is the definition: the
	// other is long gone before.
	slow := policyObject("slow")
	slow.SetFinalizers([]string{"example.com/slow"})
	slow.Object["spec"] = map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]any{"no": "such"}}}
	c.create(slow)
	controller, webhook := c.controller(), c.webhook()
	names := c.autoAttached(3)
	before, told := c.versions(), c.settled(1, names...)

	c.Expect(c.admin.Delete(c.ctx, c.definition())).To(gomega.Succeed())
	c.gone(policyObject("frame"))
	c.expectUnknown(controller, names, before)

	c.Expect(c.admin.Get(c.ctx, client.ObjectKeyFromObject(slow), slow)).To(gomega.Succeed())
	slow.SetFinalizers(nil)
	c.Expect(c.admin.Update(c.ctx, slow)).To(gomega.Succeed())
	c.gone(c.definition())
	c.expectUnknown(controller, names, before)
	c.showsUnread(webhook, policiesResource, true)
	c.Expect(c.versions()).To(gomega.Equal(before))

	// Admission goes on, and the controller does not apply settings that a policy may limit.
	var d appsv1.Deployment
	c.Expect(c.admin.Get(c.ctx, client.ObjectKey{Namespace: c.namespace, Name: names[0]}, &d)).To(gomega.Succeed())
	d.Annotations[annotations.TargetMS] = "55"
	c.Expect(c.admin.Update(c.ctx, &d)).To(gomega.Succeed())

	// Nor does one that starts without it.
	c.Expect(controller.Stop()).To(gomega.Succeed())
	controller = c.controller()
	c.Eventually(func() bool { return c.leads(controller) }).Should(gomega.BeTrue())
	c.expectUnknown(controller, names, before)
	c.Expect(c.told(names...)).To(gomega.Equal(told))

	// With the policies, everything is as before, but for what changed meanwhile.
	c.Expect(product.Install(c.ctx, c.admin, "https://"+c.address)).To(gomega.Succeed())
	c.policy("frame")
	c.showsUnread(controller, policiesResource, false)
	c.Eventually(func() string { return c.hpa(names[0]).Spec.Metrics[0].Object.Target.Value.String() }).Should(gomega.Equal("55"))
	after := c.versions()
	delete(before, names[0])
	delete(after, names[0])
	c.Expect(after).To(gomega.Equal(before))
}

// With its definition in place, a policy that is deleted is gone.
func TestADeletedPolicyIsGone(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	frame := c.policy("frame")
	controller := c.controller()
	names := c.autoAttached(2)
	c.Expect(c.admin.Delete(c.ctx, frame)).To(gomega.Succeed())
	c.Eventually(func() []string {
		var left []string
		for _, h := range c.hpas() {
			left = append(left, fmt.Sprintf("%s %d-%d", h.Name, *h.Spec.MinReplicas, h.Spec.MaxReplicas))
		}
		return left
	}).Should(gomega.ConsistOf(names[0]+" 1-10", names[1]+" 1-10"))
	c.showsUnread(controller, policiesResource, false)
}

// The commands of docs/install.md, while neither process ends: kubectl waits for nothing,
// and a node that is lost runs its pods for as long as it likes.
func TestUninstallingWhileTheProcessesRunOn(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	c.policy("frame")
	controller := c.controller()
	c.webhook()
	names := c.autoAttached(3)
	before, told := c.versions(), c.settled(1, names...)
	for _, command := range uninstall(t) {
		cmd := exec.CommandContext(c.ctx, "sh", "-euc", command)
		cmd.Dir = controlplane.RepoRoot()
		cmd.Env = []string{"PATH=" + filepath.Dir(c.cp.Binary("kubectl")) + ":" + os.Getenv("PATH"), "KUBECONFIG=" + c.cp.Kubeconfig(), "HOME=" + t.TempDir()}
		out, err := cmd.CombinedOutput()
		c.Expect(err).NotTo(gomega.HaveOccurred(), string(out))
		t.Logf("%s\n%s", command, out)
	}
	c.gone(c.definition())
	c.showsUnread(controller, policiesResource, true)
	c.Expect(c.versions()).To(gomega.Equal(before))
	c.Expect(c.told(names...)).To(gomega.Equal(told))
}

// uninstall returns the kubectl delete commands of the section of docs/install.md for
// kustomize, except that of the monitoring, and without waiting.
func uninstall(t *testing.T) []string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(controlplane.RepoRoot(), "docs", "install.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## With kustomize\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var out []string
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "kubectl delete ") && !strings.Contains(line, "config/prometheus") ||
			strings.HasPrefix(line, "kubectl -n kong-latency-system delete ") {
			out = append(out, strings.TrimSpace(line)+" --ignore-not-found --wait=false")
		}
	}
	if len(out) < 2 {
		t.Fatalf("docs/install.md uninstalls by %q", out)
	}
	return out
}
