// Package serving tests the webhook's certificates and its shutdown on a real API
// server that refuses requests when the webhook cannot be called.
package serving

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/product"
)

func TestMain(m *testing.M) {
	klog.SetLogger(logr.Discard())
	ctrl.SetLogger(logr.Discard())
	os.Exit(m.Run())
}

// configuration is the name of both webhook configurations.
const configuration = "kong-latency"

// cluster is an API server with the product's manifests, on which the webhook is called
// through a balancer, with failurePolicy Fail.
type cluster struct {
	*gomega.WithT
	t         *testing.T
	ctx       context.Context
	cp        *controlplane.ControlPlane
	admin     client.Client
	balancer  *balancer
	namespace string
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	g := gomega.NewWithT(t)
	g.SetDefaultEventuallyTimeout(time.Minute)
	g.SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	cp, err := controlplane.Start(t.Context(), controlplane.Options{Bare: true})
	g.Expect(err).NotTo(gomega.HaveOccurred())
	t.Cleanup(func() {
		if err := cp.Stop(); err != nil {
			t.Error(err)
		}
	})
	c := &cluster{WithT: g, t: t, ctx: t.Context(), cp: cp, balancer: newBalancer(t)}
	c.admin, err = client.New(cp.Config(), client.Options{})
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(product.Install(c.ctx, c.admin, "https://"+c.balancer.address)).To(gomega.Succeed())
	c.failClosed()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	g.Expect(c.admin.Create(c.ctx, ns)).To(gomega.Succeed())
	c.namespace = ns.Name
	return c
}

// configurations reads both webhook configurations.
func (c *cluster) configurations() (m admissionv1.MutatingWebhookConfiguration, v admissionv1.ValidatingWebhookConfiguration) {
	c.t.Helper()
	key := client.ObjectKey{Name: configuration}
	c.Expect(c.admin.Get(c.ctx, key, &m)).To(gomega.Succeed())
	c.Expect(c.admin.Get(c.ctx, key, &v)).To(gomega.Succeed())
	return m, v
}

// failClosed makes the API server refuse objects that the webhook did not check.
func (c *cluster) failClosed() { c.failurePolicy(admissionv1.Fail) }

func (c *cluster) failurePolicy(policy admissionv1.FailurePolicyType) {
	c.t.Helper()
	m, v := c.configurations()
	for i := range m.Webhooks {
		m.Webhooks[i].FailurePolicy = &policy
	}
	for i := range v.Webhooks {
		v.Webhooks[i].FailurePolicy = &policy
	}
	c.Expect(c.admin.Update(c.ctx, &m)).To(gomega.Succeed())
	c.Expect(c.admin.Update(c.ctx, &v)).To(gomega.Succeed())
}

// bundles returns the caBundles of all webhooks.
func (c *cluster) bundles() []string {
	c.t.Helper()
	var out []string
	m, v := c.configurations()
	for _, w := range m.Webhooks {
		out = append(out, string(w.ClientConfig.CABundle))
	}
	for _, w := range v.Webhooks {
		out = append(out, string(w.ClientConfig.CABundle))
	}
	return out
}

// setBundles overwrites all caBundles.
func (c *cluster) setBundles(bundle []byte) {
	c.t.Helper()
	m, v := c.configurations()
	for i := range m.Webhooks {
		m.Webhooks[i].ClientConfig.CABundle = bundle
	}
	for i := range v.Webhooks {
		v.Webhooks[i].ClientConfig.CABundle = bundle
	}
	c.Expect(c.admin.Update(c.ctx, &m)).To(gomega.Succeed())
	c.Expect(c.admin.Update(c.ctx, &v)).To(gomega.Succeed())
}

// secret reads a Secret of the product's namespace.
func (c *cluster) secret(name string) *corev1.Secret {
	c.t.Helper()
	var s corev1.Secret
	c.Expect(c.admin.Get(c.ctx, client.ObjectKey{Namespace: product.Namespace, Name: name}, &s)).To(gomega.Succeed())
	return &s
}

// replica is one webhook process, an endpoint of the balancer.
type replica struct {
	*product.Process
	address string
}

func freeAddress() (string, error) {
	port, err := controlplane.FreePort()
	return fmt.Sprintf("127.0.0.1:%d", port), err
}

// start starts a webhook and waits until the balancer forwards to it.
func (c *cluster) start(flags ...string) *replica {
	c.t.Helper()
	r, err := c.tryStart(flags...)
	c.Expect(err).NotTo(gomega.HaveOccurred())
	c.await(r)
	return r
}

func (c *cluster) tryStart(flags ...string) (*replica, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	p, err := product.Webhook(c.ctx, c.cp, address, flags...)
	if err != nil {
		return nil, err
	}
	return &replica{Process: p, address: address}, nil
}

// await adds the replica as an endpoint.
func (c *cluster) await(r *replica) {
	c.t.Helper()
	c.balancer.add(r.address, r.Probes+"/readyz")
	c.Eventually(func() bool { return c.balancer.sendsTo(r.address) }).Should(gomega.BeTrue(), "the balancer does not send to "+r.address)
}
