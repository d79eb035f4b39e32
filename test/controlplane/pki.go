package controlplane

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Files of the scratch folder with keys and certificates. One authority signs clients
// and servers; a second one signs the aggregator's client certificate, as
// kube-apiserver requires (--requestheader-client-ca-file).
const (
	caCert         = "ca.crt"
	frontCACert    = "front-proxy-ca.crt"
	frontCert      = "front-proxy-client.crt"
	frontKey       = "front-proxy-client.key"
	servingCert    = "serving.crt"
	servingKey     = "serving.key"
	adminCert      = "admin.crt"
	adminKey       = "admin.key"
	tokenKey       = "service-account.key"
	tokenPublicKey = "service-account.pub"
)

// frontProxyName is the client name of the API server's aggregator.
const frontProxyName = "front-proxy-client"

// Long enough for a control plane that is left running for a while.
const certificateLife = 365 * 24 * time.Hour

// writePKI creates all keys and certificates in dir.
func writePKI(dir string) error {
	cluster, err := newAuthority("kong-latency-test")
	if err != nil {
		return err
	}
	front, err := newAuthority("kong-latency-test-front-proxy")
	if err != nil {
		return err
	}
	token, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("create service account key: %w", err)
	}
	tokenPub, err := x509.MarshalPKIXPublicKey(&token.PublicKey)
	if err != nil {
		return fmt.Errorf("encode service account key: %w", err)
	}
	w := pemWriter{dir: dir}
	w.certificate(caCert, cluster.cert.Raw)
	w.certificate(frontCACert, front.cert.Raw)
	w.key(tokenKey, token)
	w.write(tokenPublicKey, "PUBLIC KEY", tokenPub)
	w.leaf(servingCert, servingKey, cluster, serving())
	w.leaf(adminCert, adminKey, cluster, client("kong-latency-test-admin", "system:masters"))
	w.leaf(frontCert, frontKey, front, client(frontProxyName))
	return w.err
}

func serving() *x509.Certificate {
	return &x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

func client(name string, groups ...string) *x509.Certificate {
	return &x509.Certificate{
		Subject:     pkix.Name{CommonName: name, Organization: groups},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
}

type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("create key of %s: %w", name, err)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	a := &authority{cert: template, key: key}
	raw, err := a.sign(template, key)
	if err != nil {
		return nil, err
	}
	if a.cert, err = x509.ParseCertificate(raw); err != nil {
		return nil, fmt.Errorf("parse certificate of %s: %w", name, err)
	}
	return a, nil
}

// sign sets validity and serial number. Certificates begin an hour ago,
// so that a clock that is set back a little does not invalidate them.
func (a *authority) sign(template *x509.Certificate, key *ecdsa.PrivateKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("create serial number: %w", err)
	}
	now := time.Now()
	template.SerialNumber = serial
	template.NotBefore = now.Add(-time.Hour)
	template.NotAfter = now.Add(certificateLife)
	template.KeyUsage |= x509.KeyUsageDigitalSignature
	raw, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate of %s: %w", template.Subject.CommonName, err)
	}
	return raw, nil
}

// pemWriter writes files and keeps the first error.
type pemWriter struct {
	dir string
	err error
}

func (w *pemWriter) leaf(certFile, keyFile string, a *authority, template *x509.Certificate) {
	if w.err != nil {
		return
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.err = fmt.Errorf("create %s: %w", keyFile, err)
		return
	}
	raw, err := a.sign(template, key)
	if err != nil {
		w.err = err
		return
	}
	w.certificate(certFile, raw)
	w.key(keyFile, key)
}

func (w *pemWriter) certificate(file string, raw []byte) { w.write(file, "CERTIFICATE", raw) }

func (w *pemWriter) key(file string, key *ecdsa.PrivateKey) {
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("encode %s: %w", file, err)
	}
	w.write(file, "EC PRIVATE KEY", raw)
}

func (w *pemWriter) write(file, kind string, raw []byte) {
	if w.err != nil {
		return
	}
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw})
	if err := os.WriteFile(filepath.Join(w.dir, file), text, 0o600); err != nil {
		w.err = fmt.Errorf("write key material: %w", err)
	}
}
