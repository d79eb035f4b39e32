package plane

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/webhook"
)

// NoopCommand is the argument that makes the running program serve a webhook that
// does nothing, in a separate process.
const NoopCommand = "serve-noop"

// readyBound is the time limit for a webhook process to become ready.
const readyBound = 30 * time.Second

// ServeNoop serves a controller-runtime webhook whose handler returns Allowed, on a
// port and with the certificate in a folder, until ctx ends.
func ServeNoop(ctx context.Context, port, folder string) error {
	number, err := strconv.Atoi(port)
	if err != nil {
		return fmt.Errorf("port: %w", err)
	}
	server := ctrlwebhook.NewServer(ctrlwebhook.Options{
		Host: "127.0.0.1", Port: number, CertDir: folder,
		TLSOpts: []func(*tls.Config){func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }},
	})
	allow := admission.HandlerFunc(func(context.Context, admission.Request) admission.Response { return admission.Allowed("") })
	for path := range webhook.Handlers(webhook.Knowledge{}) {
		server.Register(path, &admission.Webhook{Handler: allow})
	}
	return server.Start(ctx)
}

// Noop is the webhook that does nothing, running.
type Noop struct {
	*controlplane.Process
	Address string
	bundle  []byte
}

// StartNoop starts the webhook that does nothing.
func (p *Plane) StartNoop(ctx context.Context) (*Noop, error) {
	port, err := controlplane.FreePort()
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(p.Dir(), "noop")
	bundle, err := writeCertificate(folder)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the running program: %w", err)
	}
	process, err := p.Run("noop", exec.Command(self, NoopCommand, strconv.Itoa(port), folder))
	if err != nil {
		return nil, err
	}
	n := &Noop{Process: process, Address: fmt.Sprintf("127.0.0.1:%d", port), bundle: bundle}
	err = wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, readyBound, true, func(ctx context.Context) (bool, error) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", n.Address)
		if err != nil {
			return false, process.Err()
		}
		return true, conn.Close()
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("wait for the webhook that does nothing: %w", err), process.Stop())
	}
	return n, nil
}

// Configure makes the API server call this webhook where it would call the product's:
// it applies the shipped configurations with another address.
func (n *Noop) Configure(ctx context.Context, c client.Client) error {
	objects, err := controlplane.Render("config/default")
	if err != nil {
		return err
	}
	controlplane.Loopback(objects, "https://"+n.Address)
	for _, o := range objects {
		if o.GroupVersionKind().Group != "admissionregistration.k8s.io" {
			continue
		}
		webhooks, _, _ := unstructured.NestedSlice(o.Object, "webhooks")
		for _, w := range webhooks {
			if err := unstructured.SetNestedField(w.(map[string]any), base64.StdEncoding.EncodeToString(n.bundle), "clientConfig", "caBundle"); err != nil {
				return fmt.Errorf("configure %s: %w", o.GetName(), err)
			}
		}
		if err := unstructured.SetNestedSlice(o.Object, webhooks, "webhooks"); err != nil {
			return fmt.Errorf("configure %s: %w", o.GetName(), err)
		}
		if err := c.Create(ctx, o); err != nil {
			return fmt.Errorf("configure %s: %w", o.GetName(), err)
		}
	}
	return nil
}

// writeCertificate writes a self-signed certificate, of the kind that the product
// makes, and returns it.
func writeCertificate(folder string) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return cert, errors.Join(
		os.MkdirAll(folder, 0o700),
		os.WriteFile(filepath.Join(folder, "tls.crt"), cert, 0o600),
		os.WriteFile(filepath.Join(folder, "tls.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600),
	)
}
