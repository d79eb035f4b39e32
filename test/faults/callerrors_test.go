package faults

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/controlplane"
)

// A review that cannot be understood, here that of a deletion, which has no object, is
// an error of the call: the webhook's failurePolicy decides, and nothing is denied.
func TestAReviewCannotBeUnderstood(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	p := c.webhook()
	d, _ := c.workload("echo", nil)
	c.create(d)
	var shipped admissionv1.ValidatingWebhookConfiguration
	c.Expect(c.admin.Get(c.ctx, client.ObjectKey{Name: "kong-latency"}, &shipped)).To(gomega.Succeed())
	for _, path := range []string{"/validate-deployments", "/mutate-deployments"} {
		for _, policy := range []admissionv1.FailurePolicyType{admissionv1.Fail, admissionv1.Ignore} {
			w := onDeletion("https://"+c.address+path, shipped.Webhooks[0].ClientConfig.CABundle, policy)
			c.create(w)
			remove := func() error { return c.admin.Delete(c.ctx, d.DeepCopy(), client.DryRunAll) }
			if policy == admissionv1.Ignore {
				c.Eventually(remove).Should(gomega.Succeed(), path)
				c.Consistently(remove).Should(gomega.Succeed(), path)
			} else {
				c.Eventually(remove).Should(gomega.MatchError(gomega.ContainSubstring("failed calling webhook")), path)
			}
			c.Expect(c.admin.Delete(c.ctx, w)).To(gomega.Succeed())
			c.Eventually(remove).Should(gomega.Succeed(), path)
		}
	}
	c.Expect(c.admin.Delete(c.ctx, d)).To(gomega.Succeed())
	// The API server does not pass the reason on.
	c.Expect(p.Stop()).To(gomega.Succeed())
	log, err := os.ReadFile(filepath.Join(c.cp.Dir(), "webhook.log"))
	c.Expect(err).NotTo(gomega.HaveOccurred())
	c.Expect(string(log)).To(gomega.ContainSubstring("decode review: it has no object"))
}

// onDeletion is a webhook that is called with what it cannot understand.
func onDeletion(url string, bundle []byte, policy admissionv1.FailurePolicyType) *admissionv1.ValidatingWebhookConfiguration {
	none := admissionv1.SideEffectClassNone
	return &admissionv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "on-deletion-"},
		Webhooks: []admissionv1.ValidatingWebhook{{
			Name:                    "deletion.test.kong.latency",
			ClientConfig:            admissionv1.WebhookClientConfig{URL: &url, CABundle: bundle},
			FailurePolicy:           &policy,
			SideEffects:             &none,
			AdmissionReviewVersions: []string{"v1"},
			Rules: []admissionv1.RuleWithOperations{{
				Operations: []admissionv1.OperationType{admissionv1.Delete},
				Rule:       admissionv1.Rule{APIGroups: []string{appsv1.GroupName}, APIVersions: []string{"v1"}, Resources: []string{"deployments"}},
			}},
		}},
	}
}
