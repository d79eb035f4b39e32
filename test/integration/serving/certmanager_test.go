package serving

import (
	"errors"
	"testing"
	"time"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/certs"
	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/product"
)

// issue acts as cert-manager and its cainjector: it writes the Secret, then caBundle.
func (c *cluster) issue(data map[string][]byte) {
	c.t.Helper()
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: product.Namespace, Name: certs.CertManagerSecret},
		Type:       corev1.SecretTypeTLS,
		Data:       map[string][]byte{"tls.crt": data["tls.crt"], "tls.key": data["tls.key"], "ca.crt": data["ca.crt"]},
	}
	err := c.admin.Create(c.ctx, secret)
	if apierrors.IsAlreadyExists(err) {
		err = c.admin.Update(c.ctx, secret)
	}
	c.Expect(err).NotTo(gomega.HaveOccurred())
	c.setBundles(data["ca.crt"])
}

// certificate creates the Certificate, ready.
func (c *cluster) certificate() {
	c.t.Helper()
	config := c.cp.Config()
	admin, err := client.New(config, client.Options{})
	c.Expect(err).NotTo(gomega.HaveOccurred())
	c.Expect(errors.Join(cmv1.AddToScheme(admin.Scheme()), clientgoscheme.AddToScheme(admin.Scheme()))).To(gomega.Succeed())
	certificate := &cmv1.Certificate{
		ObjectMeta: metav1.ObjectMeta{Namespace: product.Namespace, Name: certs.CertManagerCertificate},
		Spec: cmv1.CertificateSpec{
			SecretName:  certs.CertManagerSecret,
			DNSNames:    []string{"kong-latency-webhook.kong-latency-system.svc"},
			IPAddresses: []string{"127.0.0.1"},
			IssuerRef:   cmmeta.IssuerReference{Name: "kong-latency-ca"},
		},
	}
	c.Expect(admin.Create(c.ctx, certificate)).To(gomega.Succeed())
	certificate.Status.Conditions = []cmv1.CertificateCondition{{Type: cmv1.CertificateConditionReady, Status: cmmeta.ConditionTrue}}
	c.Expect(admin.Status().Update(c.ctx, certificate)).To(gomega.Succeed())
}

// With cert-manager its certificate is served, under the shipped rights, and the
// webhook writes nothing.
func TestCertificateOfCertManager(t *testing.T) {
	c := newCluster(t)
	c.Expect(controlplane.InstallCRDs(c.ctx, c.admin, "certificates.cert-manager.io")).To(gomega.Succeed())
	c.certificate()
	first, second := c.pair(time.Now()), c.pair(time.Now())
	c.issue(first)
	r := c.start("--cert-mode=auto")
	serves := func(data map[string][]byte) func() error {
		return func() error {
			_, _, err := handshake(r.address, data["ca.crt"])
			return err
		}
	}
	c.Expect(serves(first)()).To(gomega.Succeed())
	load := c.startLoad(3, 100*time.Millisecond)
	c.Eventually(load.admitted.Load).Should(gomega.BeNumerically(">=", 9))
	load.end(t, c.balancer.connections.Load())

	c.issue(second)
	c.Eventually(serves(second)).Should(gomega.Succeed(), "the new certificate is served")
	// After the process has ended, it cannot write later.
	c.Expect(r.Stop()).To(gomega.Succeed())
	m, v := c.configurations()
	other := c.secret(certs.SelfSignedSecret) // shipped empty
	c.Expect(other.Data).To(gomega.BeEmpty(), "the Secret of another mode")
	for _, o := range []client.Object{&m, &v, other, c.secret(certs.CertManagerSecret)} {
		for _, entry := range o.GetManagedFields() {
			if entry.Manager == certs.FieldManager {
				t.Errorf("the webhook wrote %T %s", o, o.GetName())
			}
		}
	}
}
