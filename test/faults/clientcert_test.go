package faults

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"github.com/kong-latency/kong-latency/certs"
	"github.com/kong-latency/kong-latency/internal/metrics"
	"github.com/kong-latency/kong-latency/test/controlplane"
)

// clientAccess writes what an API server needs to present a client certificate of this
// name to webhooks, as docs/certificates.md describes it, and the authority's certificate.
func clientAccess(t *testing.T, name string) (admission, authority string) {
	t.Helper()
	g := gomega.NewWithT(t)
	dir := t.TempDir()
	write := func(file, text string) string {
		path := filepath.Join(dir, file)
		g.Expect(os.WriteFile(path, []byte(text), 0o600)).To(gomega.Succeed())
		return path
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	ca, err := certs.NewAuthority(time.Now(), time.Hour)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	leaf, err := ca.Issue([]string{"client.test"}, time.Now(), time.Hour)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	template := *leaf.Leaf
	template.RawSubject, template.Subject = nil, pkix.Name{CommonName: name}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	der, err := x509.CreateCertificate(rand.Reader, &template, ca.Certificate, leaf.Leaf.PublicKey, ca.Key)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	key, err := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	g.Expect(err).NotTo(gomega.HaveOccurred())

	kubeconfig := write("kubeconfig", fmt.Sprintf(`apiVersion: v1
kind: Config
users:
- name: "*" # in these tests the webhook is called by an address that is not known yet
  user:
    client-certificate: %s
    client-key: %s
`, write("client.crt", block("CERTIFICATE", der)), write("client.key", block("PRIVATE KEY", key))))
	plugin := func(name string) string {
		return fmt.Sprintf(`- name: %s
  configuration:
    apiVersion: apiserver.config.k8s.io/v1
    kind: WebhookAdmissionConfiguration
    kubeConfigFile: %s
`, name, kubeconfig)
	}
	return write("admission.yaml", "apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n"+
		plugin("MutatingAdmissionWebhook")+plugin("ValidatingAdmissionWebhook")), write("ca.crt", block("CERTIFICATE", ca.Certificate.Raw))
}

// Where the API server presents a client certificate, nobody else gets beyond the
// handshake.
func TestStrangersConnectWhereAClientCertificateIsRequired(t *testing.T) {
	admission, authority := clientAccess(t, "kube-apiserver")
	c := newCluster(t, controlplane.Options{Bare: true, APIServerFlags: []string{"--admission-control-config-file=" + admission}})
	p := c.webhook("--client-ca="+authority, "--client-name=kube-apiserver")
	c.expectAnswers(3)

	const callers, each = 20, 50
	var wg sync.WaitGroup
	var mu sync.Mutex
	answers := map[string]int{}
	for range callers {
		wg.Go(func() {
			for range each {
				text := stranger(c.address)
				mu.Lock()
				answers[text]++
				mu.Unlock()
			}
		})
	}
	c.expectAnswers(20)
	wg.Wait()
	c.Expect(answers).To(gomega.Equal(map[string]int{"remote error: tls: certificate required": callers * each}))
	c.Eventually(func() float64 { return c.refused(p, metrics.AdmissionServer, metrics.NoRequest) }).Should(gomega.BeNumerically(">=", callers*each))
	c.expectWithinLimit(p)
}

// stranger sends a call without a client certificate and returns what comes back.
func stranger(address string) string {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	// The client's handshake ends before the server has checked its certificate. Nothing
	// is sent, as a reset would discard the reason.
	n, err := conn.Read(make([]byte, 1))
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d bytes", n)
}

// An API server that does not present the certificate is a stranger, too.
func TestTheAPIServerHasNoClientCertificate(t *testing.T) {
	_, authority := clientAccess(t, "kube-apiserver")
	c := newCluster(t, controlplane.Options{Bare: true})
	p := c.webhook("--client-ca=" + authority)
	d, _ := c.workload("echo", map[string]string{"kong.latency/target-ms": "40ms"})
	c.create(d) // admitted unchecked: failurePolicy Ignore
	c.Eventually(func() float64 { return c.refused(p, metrics.AdmissionServer, metrics.NoRequest) }).Should(gomega.BeNumerically(">=", 1))
}
