package app

import (
	"crypto/tls"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/kong-latency/kong-latency/certs"
	"github.com/kong-latency/kong-latency/webhook"
)

// errNoCertificate ends handshakes that come before the certificate.
var errNoCertificate = errors.New("no serving certificate yet")

// admissionServer is the webhook server, which a manager wants at its birth, and
// the source of its certificate, which wants a manager.
type admissionServer struct {
	server ctrlwebhook.Server
	source *certs.Source
}

func newAdmissionServer(o *Options) (*admissionServer, error) {
	host, port, err := hostPort(o.Webhook.BindAddress)
	if err != nil {
		return nil, fmt.Errorf("parse --webhook-bind-address: %w", err)
	}
	s := &admissionServer{}
	s.server = ctrlwebhook.NewServer(ctrlwebhook.Options{
		Host: host,
		Port: port,
		TLSOpts: []func(*tls.Config){func(c *tls.Config) {
			c.MinVersion = tls.VersionTLS12
			// The API server speaks HTTP/1.1 to webhooks in clusters. HTTP/2 would
			// only add its denial-of-service surface.
			c.NextProtos = []string{"http/1.1"}
			c.GetCertificate = s.certificate
		}},
	})
	return s, nil
}

func (s *admissionServer) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if s.source == nil {
		return nil, errNoCertificate
	}
	return s.source.GetCertificate(hello)
}

// setup adds the handlers, the certificate and the checks that make it ready:
// a certificate that the API server trusts, and a server that listens.
func (s *admissionServer) setup(mgr manager.Manager, o *Options, known webhook.Cluster) error {
	source, err := certs.Setup(mgr, certs.Options{
		Namespace:            o.Namespace,
		Secret:               o.Webhook.CertSecret,
		Service:              o.Webhook.Service,
		DNSNames:             o.Webhook.CertDNSNames,
		WebhookConfiguration: o.Webhook.Configuration,
	})
	if err != nil {
		return err
	}
	s.source = source
	webhook.Setup(mgr, known)
	if err := mgr.AddReadyzCheck("certificate", source.Ready); err != nil {
		return fmt.Errorf("add readiness check of the certificate: %w", err)
	}
	if err := mgr.AddReadyzCheck("webhook-server", s.server.StartedChecker()); err != nil {
		return fmt.Errorf("add readiness check of the webhook server: %w", err)
	}
	return nil
}
