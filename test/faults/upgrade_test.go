package faults

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/onsi/gomega"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

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
	c.create(s, d)
	raw, err := os.ReadFile(filepath.Join(controlplane.RepoRoot(), "generator", "testdata", "seed.yaml"))
	c.Expect(err).NotTo(gomega.HaveOccurred())
	var h autoscalingv2.HorizontalPodAutoscaler
	c.Expect(yaml.UnmarshalStrict(raw, &h)).To(gomega.Succeed())
	h.Namespace, h.Labels = c.namespace, map[string]string{"app.kubernetes.io/managed-by": "kong-latency"}
	h.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: d.Name, UID: d.UID, Controller: ptr.To(true)}}
	h.Spec.Behavior.ScaleDown.SelectPolicy = ptr.To(autoscalingv2.MaxChangePolicySelect)
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&h)
	c.Expect(err).NotTo(gomega.HaveOccurred())
	delete(content, "status")
	c.Expect(c.admin.Apply(c.ctx, client.ApplyConfigurationFromUnstructured(&unstructured.Unstructured{Object: content}), client.FieldOwner("kong-latency"))).To(gomega.Succeed())
	before := c.hpa("echo")

	c.Expect(product.Install(c.ctx, c.admin, "https://"+c.address)).To(gomega.Succeed())
	webhook, controller := c.webhook(), c.controller()
	c.state(controller, "attached", 1)
	c.eventAbout("echo", "MetricsAPINotRegistered", "") // it was evaluated
	c.Expect(c.hpa("echo")).To(gomega.Equal(before), "the autoscaler was written")
	c.admitted(webhook)
}
