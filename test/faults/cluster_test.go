package faults

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/product"
	"github.com/kong-latency/kong-latency/test/testutil"
)

// cluster is a control plane of one test, with the product's manifests and no process of
// it yet.
type cluster struct {
	*gomega.WithT
	t     *testing.T
	ctx   context.Context
	cp    *controlplane.ControlPlane
	admin client.Client
	// address is where the API server calls the webhook.
	address string
	// namespace is the one of the workloads.
	namespace string
}

// newCluster starts a control plane and stops it after the test.
func newCluster(t *testing.T, o controlplane.Options) *cluster {
	t.Helper()
	g := gomega.NewWithT(t)
	g.SetDefaultEventuallyTimeout(time.Minute)
	g.SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	cp, err := controlplane.Start(t.Context(), o)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	t.Cleanup(func() {
		if err := cp.Stop(); err != nil {
			t.Error(err)
		}
	})
	c := &cluster{WithT: g, t: t, ctx: t.Context(), cp: cp}
	c.admin, err = client.New(cp.Config(), client.Options{})
	g.Expect(err).NotTo(gomega.HaveOccurred())
	port, err := controlplane.FreePort()
	g.Expect(err).NotTo(gomega.HaveOccurred())
	c.address = fmt.Sprintf("127.0.0.1:%d", port)
	g.Expect(product.Install(c.ctx, c.admin, "https://"+c.address)).To(gomega.Succeed())
	c.namespace = c.newNamespace(nil)
	return c
}

func (c *cluster) newNamespace(labels map[string]string) string {
	c.t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-", Labels: labels}}
	c.create(ns)
	return ns.Name
}

// webhook starts a webhook at the address that the API server calls.
func (c *cluster) webhook(flags ...string) *product.Process {
	c.t.Helper()
	p, err := product.Webhook(c.ctx, c.cp, c.address, flags...)
	c.Expect(err).NotTo(gomega.HaveOccurred())
	return p
}

func (c *cluster) controller(flags ...string) *product.Process {
	c.t.Helper()
	p, err := product.Controller(c.ctx, c.cp, flags...)
	c.Expect(err).NotTo(gomega.HaveOccurred())
	return p
}

func (c *cluster) create(objects ...client.Object) {
	c.t.Helper()
	for _, o := range objects {
		c.Expect(c.admin.Create(c.ctx, o)).To(gomega.Succeed())
	}
}

// workload is a Deployment without pods, with these annotations, and its Service.
func (c *cluster) workload(name string, settings map[string]string) (*appsv1.Deployment, *corev1.Service) {
	labels := map[string]string{"app": name}
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: name, Annotations: settings}}
	d.Spec.Replicas = ptr.To[int32](0)
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	d.Spec.Template.Labels = labels
	d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "echo", Image: "echo:1"}}
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: name}}
	s.Spec.Selector = labels
	s.Spec.Ports = []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}}
	return d, s
}

// enable creates n enabled workloads, named echo-000 and so on, and returns the names.
func (c *cluster) enable(n int, more ...string) []string {
	c.t.Helper()
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("echo-%03d", i)
		d, s := c.workload(names[i], testutil.Settings(more...))
		c.create(s, d)
	}
	return names
}

// hpa returns the live autoscaler of this name, or nil.
func (c *cluster) hpa(name string) *autoscalingv2.HorizontalPodAutoscaler {
	c.t.Helper()
	var h autoscalingv2.HorizontalPodAutoscaler
	err := c.admin.Get(c.ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, &h)
	if apierrors.IsNotFound(err) {
		return nil
	}
	c.Expect(err).NotTo(gomega.HaveOccurred())
	return &h
}

// hpas returns the autoscalers of the namespace.
func (c *cluster) hpas() []autoscalingv2.HorizontalPodAutoscaler {
	c.t.Helper()
	var list autoscalingv2.HorizontalPodAutoscalerList
	c.Expect(c.admin.List(c.ctx, &list, client.InNamespace(c.namespace))).To(gomega.Succeed())
	return list.Items
}

// attached waits until the autoscalers of these workloads exist.
func (c *cluster) attached(names ...string) {
	c.t.Helper()
	c.Eventually(func() []string {
		var have []string
		for _, h := range c.hpas() {
			have = append(have, h.Name)
		}
		return have
	}).Should(gomega.ContainElements(names))
}

// events returns the product's events of the namespace.
func (c *cluster) events() []eventsv1.Event {
	c.t.Helper()
	var list eventsv1.EventList
	c.Expect(c.admin.List(c.ctx, &list, client.InNamespace(c.namespace))).To(gomega.Succeed())
	var out []eventsv1.Event
	for _, e := range list.Items {
		if e.ReportingController == "kong-latency" {
			out = append(out, e)
		}
	}
	return out
}

// peak is the most memory that a process had resident since its start, in bytes.
func (c *cluster) peak(p *product.Process) int64 {
	c.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		c.t.Skipf("the peak of a process is not known on this system: %v", err)
	}
	for line := range strings.Lines(string(status)) {
		if text, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 10, 64)
			c.Expect(err).NotTo(gomega.HaveOccurred())
			return kib << 10
		}
	}
	c.t.Fatal("the status of the process has no VmHWM")
	return 0
}

// expectWithinLimit fails unless the process stayed within its shipped memory limit.
func (c *cluster) expectWithinLimit(p *product.Process) {
	c.t.Helper()
	peak := c.peak(p)
	c.t.Logf("peak %d MiB of %d MiB", peak>>20, p.MemoryLimit>>20)
	c.Expect(peak).To(gomega.BeNumerically("<", p.MemoryLimit))
}
