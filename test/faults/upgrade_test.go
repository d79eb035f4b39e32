package faults

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/product"
	"github.com/kong-latency/kong-latency/test/testutil"
)

// former is the recorded manifests of an early version.
func (c *cluster) former() []*unstructured.Unstructured {
	c.t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "former.yaml"))
	c.Expect(err).NotTo(gomega.HaveOccurred())
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(raw), 4096)
	var out []*unstructured.Unstructured
	for {
		u := &unstructured.Unstructured{}
		if err := decoder.Decode(u); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			c.t.Fatal(err)
		}
		out = append(out, u)
	}
}

// An early version applied the seed with the same field manager, label and owner.
func TestAnEarlyVersionIsUpgraded(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	manifests := c.former()
	c.Expect(manifests).To(gomega.HaveLen(15))
	controlplane.Loopback(manifests, "https://"+c.address)
	for _, o := range manifests {
		c.Expect(c.admin.Apply(c.ctx, client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("kubectl"), client.ForceOwnership)).To(gomega.Succeed())
	}
	d, s := c.workload("echo", testutil.Settings("behavior", "responsive"))
	plain, front := c.workload("plain", testutil.Settings())
	plain.Spec.Replicas = ptr.To[int32](3)
	c.create(s, d, front, plain)
	c.attachedEarly(d)
	c.attachedEarly(plain)
	before, plainBefore := c.hpa("echo"), c.hpa("plain")

	c.Expect(product.Install(c.ctx, c.admin, "https://"+c.address)).To(gomega.Succeed())
	webhook, controller := c.webhook(), c.controller()
	c.state(controller, "attached", 2)
	c.eventAbout("echo", "MetricsAPINotRegistered", "") // it was evaluated
	c.reported("echo", "plain")
	c.Expect(c.hpa("echo")).To(gomega.Equal(before), "the autoscaler was written")
	// One that names no behavior gets today's default, and is not resized for that.
	c.Eventually(func() int32 { return *c.hpa("plain").Spec.Behavior.ScaleDown.StabilizationWindowSeconds }).Should(gomega.BeEquivalentTo(300))
	c.eventAbout("plain", "Updated", "behavior responsive to steady")
	after := c.hpa("plain")
	c.Expect(after.UID).To(gomega.Equal(plainBefore.UID))
	after.Spec.Behavior = plainBefore.Spec.Behavior
	c.Expect(after.Spec).To(gomega.Equal(plainBefore.Spec), "more than the behavior was written")
	c.Expect(c.admin.Get(c.ctx, client.ObjectKeyFromObject(plain), plain)).To(gomega.Succeed())
	c.Expect(*plain.Spec.Replicas).To(gomega.BeEquivalentTo(3))
	c.admitted(webhook)
}

// attachedEarly attaches the seed to a Deployment as an early version did.
func (c *cluster) attachedEarly(d *appsv1.Deployment) {
	c.t.Helper()
	raw, err := os.ReadFile(filepath.Join(controlplane.RepoRoot(), "generator", "testdata", "seed.yaml"))
	c.Expect(err).NotTo(gomega.HaveOccurred())
	var h autoscalingv2.HorizontalPodAutoscaler
	c.Expect(yaml.UnmarshalStrict(raw, &h)).To(gomega.Succeed())
	h.Namespace, h.Name, h.Labels = c.namespace, d.Name, map[string]string{"app.kubernetes.io/managed-by": "kong-latency"}
	h.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: d.Name, UID: d.UID, Controller: ptr.To(true)}}
	h.Spec.Behavior.ScaleDown.SelectPolicy = ptr.To(autoscalingv2.MaxChangePolicySelect)
	h.Spec.ScaleTargetRef.Name, h.Spec.Metrics[0].Object.DescribedObject.Name = d.Name, d.Name
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&h)
	c.Expect(err).NotTo(gomega.HaveOccurred())
	delete(content, "status")
	c.Expect(c.admin.Apply(c.ctx, client.ApplyConfigurationFromUnstructured(&unstructured.Unstructured{Object: content}), client.FieldOwner("kong-latency"))).To(gomega.Succeed())
}

// statusesResource is the kind of what the controller reports of each workload, which the
// manifests of earlier versions do not have.
const statusesResource = "latencyautoscalers.kong.latency"

// statuses are the names of the LatencyAutoscalers of the namespace.
func (c *cluster) statuses() []string {
	c.t.Helper()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("LatencyAutoscalerList"))
	err := c.admin.List(c.ctx, list, client.InNamespace(c.namespace))
	if meta.IsNoMatchError(err) || apierrors.IsNotFound(err) {
		return nil
	}
	c.Expect(err).NotTo(gomega.HaveOccurred())
	var out []string
	for i := range list.Items {
		if status, _ := list.Items[i].Object["status"].(map[string]any); len(status) > 0 { // an object is written before its status
			out = append(out, list.Items[i].GetName())
		}
	}
	return out
}

// reported waits until these workloads, and no others, have a status.
func (c *cluster) reported(names ...string) {
	c.t.Helper()
	c.Eventually(c.statuses).WithTimeout(3 * time.Minute).Should(gomega.ConsistOf(names))
}

// withoutKind removes the definition of LatencyAutoscalers, as before the manifests had it.
func (c *cluster) withoutKind() {
	c.t.Helper()
	definition := c.definition()
	definition.SetName(statusesResource)
	c.Expect(c.admin.Delete(c.ctx, definition)).To(gomega.Succeed())
	c.gone(definition)
}

// withoutRights removes from the controller's role its rights about LatencyAutoscalers, but
// for those that are kept.
func (c *cluster) withoutRights(keep ...string) {
	c.t.Helper()
	var role rbacv1.ClusterRole
	c.Expect(c.admin.Get(c.ctx, client.ObjectKey{Name: controllerName}, &role)).To(gomega.Succeed())
	found := 0
	role.Rules = slices.DeleteFunc(role.Rules, func(r rbacv1.PolicyRule) bool {
		is := slices.Contains(r.APIGroups, v1alpha1.GroupVersion.Group) &&
			(slices.Contains(r.Resources, "latencyautoscalers") || slices.Contains(r.Resources, "latencyautoscalers/status"))
		if is {
			found++
		}
		return is
	})
	c.Expect(found).To(gomega.BeNumerically(">=", 2))
	if len(keep) > 0 {
		role.Rules = append(role.Rules, rbacv1.PolicyRule{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"latencyautoscalers"}, Verbs: keep})
	}
	c.Expect(c.admin.Update(c.ctx, &role)).To(gomega.Succeed())
}

// Somebody upgrades the image before the manifests: all but the new kind works, and nobody is
// bothered about that. Once the manifests are there as well, each workload has its status,
// and neither size nor autoscaler of a workload was touched.
func TestTheImageIsUpgradedBeforeTheManifests(t *testing.T) {
	for name, before := range map[string]func(*cluster){
		"without the kind": func(c *cluster) { c.withoutKind() },
		"without the kind and the rights": func(c *cluster) {
			c.withoutKind()
			c.withoutRights()
		},
		"without the rights":         func(c *cluster) { c.withoutRights() },
		"without the right to write": func(c *cluster) { c.withoutRights("get", "list", "watch") },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, controlplane.Options{Bare: true})
			before(c)
			controller := c.controller()
			names := c.enable(20)
			c.attached(names...)
			c.settled(2, names...) // the pipeline was evaluated as well
			c.Expect(c.statuses()).To(gomega.BeEmpty())

			// What changes is applied, and what was attached stays as it is.
			d := &appsv1.Deployment{}
			c.Expect(c.admin.Get(c.ctx, client.ObjectKey{Namespace: c.namespace, Name: names[0]}, d)).To(gomega.Succeed())
			d.Annotations[annotations.MaxReplicas] = "7"
			c.Expect(c.admin.Update(c.ctx, d)).To(gomega.Succeed())
			c.Eventually(func() int32 { return c.hpa(names[0]).Spec.MaxReplicas }).Should(gomega.BeEquivalentTo(7))
			c.proof("more")
			names = append(names, "more")
			c.state(controller, "attached", len(names))
			versions, deployments := c.versions(), c.deployments()
			log := c.logOf("controller")
			c.Expect(log).NotTo(gomega.ContainSubstring(`"level":"ERROR"`))
			c.Expect(strings.Count(log, "\n")).To(gomega.BeNumerically("<", 200), log)
			about := 0
			for line := range strings.Lines(log) {
				if strings.Contains(strings.ToLower(line), "latencyautoscalers") {
					about++
				}
			}
			c.Expect(about).To(gomega.BeNumerically("<=", 3), "lines about the kind in\n%s", log)

			c.Expect(product.Install(c.ctx, c.admin, "https://"+c.address)).To(gomega.Succeed())
			c.reported(names...)
			c.Expect(c.versions()).To(gomega.Equal(versions), "autoscalers were written")
			c.Expect(c.deployments()).To(gomega.Equal(deployments), "Deployments were written")
		})
	}
}

// deployments are the resource versions of the Deployments, by name.
func (c *cluster) deployments() map[string]string {
	c.t.Helper()
	var list appsv1.DeploymentList
	c.Expect(c.admin.List(c.ctx, &list, client.InNamespace(c.namespace))).To(gomega.Succeed())
	out := map[string]string{}
	for i := range list.Items {
		out[list.Items[i].Name] = list.Items[i].ResourceVersion
	}
	return out
}
