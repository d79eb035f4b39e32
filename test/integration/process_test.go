package integration

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/onsi/gomega"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/product"
)

func TestProcessesAnswerProbesAndMetrics(t *testing.T) {
	g := gomega.NewWithT(t)
	for _, p := range []*product.Process{plain.webhook, plain.controller} {
		for _, path := range []string{p.Probes + "/healthz", p.Probes + "/readyz", p.Metrics} {
			resp, err := http.Get(path)
			g.Expect(err).NotTo(gomega.HaveOccurred())
			body, err := io.ReadAll(resp.Body)
			g.Expect(err).NotTo(gomega.HaveOccurred())
			g.Expect(resp.Body.Close()).To(gomega.Succeed())
			g.Expect(resp.StatusCode).To(gomega.Equal(http.StatusOK), path)
			g.Expect(body).NotTo(gomega.BeEmpty())
		}
	}
}

func TestEmptiedCABundleIsRepaired(t *testing.T) {
	e := newEnv(t)
	key := client.ObjectKey{Name: "kong-latency"}
	bundle := func() []byte {
		var c admissionregistrationv1.ValidatingWebhookConfiguration
		e.Expect(e.client.Get(e.ctx, key, &c)).To(gomega.Succeed())
		return c.Webhooks[0].ClientConfig.CABundle
	}
	before := bundle()
	e.Expect(before).NotTo(gomega.BeEmpty())
	secret := &corev1.Secret{}
	secret.Namespace, secret.Name = product.Namespace, "kong-latency-webhook-cert"
	e.Expect(e.client.Delete(e.ctx, secret)).To(gomega.Succeed())
	var c admissionregistrationv1.ValidatingWebhookConfiguration
	e.Expect(e.client.Get(e.ctx, key, &c)).To(gomega.Succeed())
	for i := range c.Webhooks {
		c.Webhooks[i].ClientConfig.CABundle = nil
	}
	e.Expect(e.client.Update(e.ctx, &c)).To(gomega.Succeed())
	e.Eventually(bundle).WithTimeout(time.Minute).Should(gomega.Equal(before), "the authority in use is published again")
	e.Eventually(func() error {
		return e.client.Get(e.ctx, client.ObjectKeyFromObject(secret), secret)
	}).WithTimeout(time.Minute).Should(gomega.Succeed())
}
