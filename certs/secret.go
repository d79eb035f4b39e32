package certs

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// Keys of the Secret. The first two are those of type kubernetes.io/tls; ca.crt
// is where cert-manager puts the authority as well.
const (
	LeafCertificateKey      = "tls.crt"
	LeafPrivateKeyKey       = "tls.key"
	AuthorityCertificateKey = "ca.crt"
	AuthorityPrivateKeyKey  = "ca.key"
)

const (
	pemCertificate = "CERTIFICATE"
	pemPrivateKey  = "PRIVATE KEY" // PKCS #8
)

// Encode returns the pair as data of a Secret, all PEM: ca.crt holds every
// trusted authority, tls.crt and tls.key the leaf, ca.key the signing key.
func Encode(pair *Pair) (map[string][]byte, error) {
	leafKey, err := encodeKey(pair.Leaf.PrivateKey)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", LeafPrivateKeyKey, err)
	}
	authorityKey, err := encodeKey(pair.Authority.Key)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", AuthorityPrivateKeyKey, err)
	}
	var chain bytes.Buffer
	for _, der := range pair.Leaf.Certificate {
		chain.Write(encodeCertificate(der))
	}
	return map[string][]byte{
		LeafCertificateKey:      chain.Bytes(),
		LeafPrivateKeyKey:       leafKey,
		AuthorityCertificateKey: pair.Bundle(),
		AuthorityPrivateKeyKey:  authorityKey,
	}, nil
}

// Decode reads what Encode wrote. An error names the key of the Secret that
// cannot be read. It does not say whether the pair is usable: see [Check].
func Decode(data map[string][]byte) (*Pair, error) {
	for _, key := range []string{LeafCertificateKey, LeafPrivateKeyKey, AuthorityCertificateKey, AuthorityPrivateKeyKey} {
		if len(data[key]) == 0 {
			return nil, fmt.Errorf("decode %s: missing or empty", key)
		}
	}
	leaf, err := decodeLeaf(data)
	if err != nil {
		return nil, err
	}
	key, err := decodeKey(data[AuthorityPrivateKeyKey])
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", AuthorityPrivateKeyKey, err)
	}
	trusted, err := decodeCertificates(data[AuthorityCertificateKey])
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", AuthorityCertificateKey, err)
	}
	pair := &Pair{Leaf: *leaf}
	for _, certificate := range trusted {
		if pair.Authority == nil && belongs(key, certificate) {
			pair.Authority = &Authority{Certificate: certificate, Key: key}
		} else {
			pair.Retired = append(pair.Retired, certificate)
		}
	}
	if pair.Authority == nil {
		return nil, fmt.Errorf("decode %s: no certificate belongs to %s", AuthorityCertificateKey, AuthorityPrivateKeyKey)
	}
	return pair, nil
}

// decodeLeaf reads a certificate and its key, which belong together.
func decodeLeaf(data map[string][]byte) (*tls.Certificate, error) {
	leaf, err := tls.X509KeyPair(data[LeafCertificateKey], data[LeafPrivateKeyKey])
	if err != nil {
		return nil, fmt.Errorf("decode %s and %s: %w", LeafCertificateKey, LeafPrivateKeyKey, err)
	}
	if leaf.Leaf, err = x509.ParseCertificate(leaf.Certificate[0]); err != nil {
		return nil, fmt.Errorf("decode %s: %w", LeafCertificateKey, err)
	}
	return &leaf, nil
}

func encodeKey(key crypto.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemPrivateKey, Bytes: der}), nil
}

func decodeKey(data []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != pemPrivateKey {
		return nil, fmt.Errorf("no PEM block of type %q", pemPrivateKey)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("key of type %T cannot sign", key)
	}
	return signer, nil
}

func decodeCertificates(data []byte) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != pemCertificate {
			return nil, fmt.Errorf("PEM block of type %q, want %q", block.Type, pemCertificate)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		out = append(out, certificate)
	}
	if len(out) == 0 {
		return nil, errors.New("no PEM certificate")
	}
	return out, nil
}
