package app

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"strings"
)

// requireClient makes config accept only callers that have a certificate of one
// of the authorities in file and, if names are given, one of these names: its
// common name or a DNS name. That is the API server, if it is configured to present
// one.
func requireClient(config *tls.Config, file string, names []string) error {
	pem, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read --client-ca: %w", err)
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(pem) {
		return fmt.Errorf("read --client-ca: %s holds no PEM certificate", file)
	}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	if len(names) == 0 {
		return nil
	}
	// Unlike VerifyPeerCertificate, this is called for resumed sessions, too.
	config.VerifyConnection = func(state tls.ConnectionState) error {
		return checkClientName(state.PeerCertificates, names)
	}
	return nil
}

func checkClientName(peer []*x509.Certificate, names []string) error {
	if len(peer) == 0 {
		return fmt.Errorf("client presents no certificate, want one of %s", strings.Join(names, ", "))
	}
	have := append([]string{peer[0].Subject.CommonName}, peer[0].DNSNames...)
	for _, name := range have {
		if slices.Contains(names, name) {
			return nil
		}
	}
	return fmt.Errorf("client is %q, want one of %q", have, names)
}
