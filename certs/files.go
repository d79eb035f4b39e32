package certs

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"time"

	"github.com/go-logr/logr"
)

// filesInterval is the time between two reads of the files. The kubelet needs up to
// a minute to update a mounted Secret.
const filesInterval = 10 * time.Second

// files serves the certificate in two files.
type files struct {
	*serving
	options Options
	names   []string
	log     logr.Logger
}

// look reads both files. If they cannot be served, the previous certificate stays:
// the two are not always written at the same time.
func (f *files) look(context.Context) (next time.Time, err error) {
	leaf, err := f.read()
	if err != nil {
		return time.Time{}, err
	}
	at := f.options.Clock()
	if err := checkServer(leaf, at, f.names); err != nil {
		return time.Time{}, fmt.Errorf("read %s: %w", f.options.CertFile, err)
	}
	if before := f.leaf.Load(); before == nil || !before.Leaf.Equal(leaf.Leaf) {
		f.serve(leaf, nil)
		f.log.Info("serving certificate", "notAfter", leaf.Leaf.NotAfter, "serial", leaf.Leaf.SerialNumber.Text(16))
	}
	return at.Add(filesInterval), nil
}

func (f *files) read() (*tls.Certificate, error) {
	certificate, err := os.ReadFile(f.options.CertFile)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	key, err := os.ReadFile(f.options.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("read private key: %w", err)
	}
	leaf, err := decodeLeaf(map[string][]byte{LeafCertificateKey: certificate, LeafPrivateKeyKey: key})
	if err != nil {
		return nil, fmt.Errorf("read %s and %s: %w", f.options.CertFile, f.options.KeyFile, err)
	}
	return leaf, nil
}

func (f *files) ready() error { return f.check(f.options.Clock(), f.names) }
