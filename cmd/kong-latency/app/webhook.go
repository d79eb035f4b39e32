package app

import (
	"crypto/tls"
	"errors"
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/kong-latency/kong-latency/certs"
	"github.com/kong-latency/kong-latency/webhook"
	"github.com/kong-latency/kong-latency/webhook/limits"
)

// errNoCertificate fails handshakes before there is a certificate.
var errNoCertificate = errors.New("no serving certificate yet")

// admissionServer is the webhook server, which is needed to create the manager, and
// the source of its certificate, which needs the manager.
type admissionServer struct {
	server *server
	source *certs.Source
}

func newAdmissionServer(o *WebhookOptions, d *drain, refuse func(reason string)) (*admissionServer, error) {
	s := &admissionServer{}
	config := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: s.certificate,
		// The API server resumes no session, and a ticket costs each handshake.
		SessionTicketsDisabled: true,
	}
	if o.ClientCA != "" {
		if err := requireClient(config, o.ClientCA, o.ClientNames); err != nil {
			return nil, err
		}
	}
	s.server = newServer(o.BindAddress, config, limits.New(limits.Default(), refuse), d.begun.Load, ctrl.Log.WithName("webhook-server"))
	return s, nil
}

func (s *admissionServer) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if s.source == nil {
		return nil, errNoCertificate
	}
	return s.source.GetCertificate(hello)
}

// setup adds the handlers, the certificate and the readiness checks:
// a certificate that the API server trusts, and a server that listens.
func (s *admissionServer) setup(mgr manager.Manager, o *Options, known webhook.Knowledge) error {
	source, err := certs.Setup(mgr, o.Webhook.certificates(o.Namespace))
	if err != nil {
		return err
	}
	s.source = source
	if err := webhook.Setup(mgr, known); err != nil {
		return fmt.Errorf("set up admission: %w", err)
	}
	if err := mgr.AddReadyzCheck("certificate", source.Ready); err != nil {
		return fmt.Errorf("add readiness check of the certificate: %w", err)
	}
	if err := mgr.AddReadyzCheck("webhook-server", s.server.StartedChecker()); err != nil {
		return fmt.Errorf("add readiness check of the webhook server: %w", err)
	}
	return nil
}
