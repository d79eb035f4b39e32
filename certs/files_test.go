package certs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus/testutil"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/kong-latency/kong-latency/internal/metrics"
)

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	o := options
	at := now
	o.Mode, o.Clock = Files, func() time.Time { return at }
	o.CertFile, o.KeyFile = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	if err := o.Complete(); err != nil {
		t.Fatal(err)
	}
	source, err := newSource(nil, logr.Discard(), Files, o)
	if err != nil {
		t.Fatal(err)
	}
	write := func(certificate, key *Pair) {
		t.Helper()
		c, err1 := Encode(certificate)
		k, err2 := Encode(key)
		err := errors.Join(err1, err2, os.WriteFile(o.CertFile, c[LeafCertificateKey], 0o600), os.WriteFile(o.KeyFile, k[LeafPrivateKeyKey], 0o600))
		if err != nil {
			t.Fatal(err)
		}
	}
	look := func(want string) {
		t.Helper()
		_, err := source.keeper.look(t.Context())
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("look() = %v, want %q", err, want)
		}
	}
	serves := func(pair *Pair) {
		t.Helper()
		if leaf, err := source.GetCertificate(nil); err != nil || !leaf.Leaf.Equal(pair.Leaf.Leaf) {
			t.Errorf("another certificate is served (%v)", err)
		}
		if err := source.Ready(nil); err != nil {
			t.Errorf("Ready() = %v", err)
		}
	}

	look("tls.crt")
	if source.Ready(nil) == nil {
		t.Error("ready without a certificate")
	}
	first, second := fresh(t, now), fresh(t, now.Add(day))
	write(first, first)
	look("")
	serves(first)
	write(second, first) // half-way
	look("tls.crt and")
	serves(first)
	write(second, second)
	at = now.Add(day)
	look("")
	serves(second)

	expiry := metrics.CertificateExpiry
	expected := "# HELP " + expiry.Name + " " + expiry.Help + "\n# TYPE " + expiry.Name + " gauge\n" +
		expiry.Name + `{certificate="serving"} 1.780228800e+09` + "\n"
	source.keeper.(*files).expiry.DeleteLabelValues("authority") // of other tests
	if err := testutil.GatherAndCompare(ctrlmetrics.Registry, strings.NewReader(expected), expiry.Name); err != nil {
		t.Error(err)
	}
	at = now.Add(100 * day)
	if source.Ready(nil) == nil {
		t.Error("ready with an expired certificate")
	}
}
