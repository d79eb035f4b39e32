package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"golang.org/x/time/rate"

	"github.com/kong-latency/kong-latency/certs"
	"github.com/kong-latency/kong-latency/webhook/limits"
)

// served is a server on loopback with the authority of its certificate.
type served struct {
	url       string
	authority *certs.Authority
	draining  atomic.Bool
	stop      context.CancelFunc
	stopped   chan error
}

// serve starts a server with handler at /, after change has changed its TLS config.
func serve(t testing.TB, handler http.HandlerFunc, change func(*tls.Config)) *served {
	t.Helper()
	authority, err := certs.NewAuthority(time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := authority.Issue([]string{"127.0.0.1"}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	s := &served{authority: authority, stopped: make(chan error, 1)}
	config := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, Certificates: []tls.Certificate{leaf}}
	if change != nil {
		change(config)
	}
	srv := newServer("", config, limits.New(limits.Default(), func(string) {}), s.draining.Load, logr.Discard())
	srv.Register("/", handler)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.url = "https://" + listener.Addr().String()
	ctx, cancel := context.WithCancel(t.Context())
	s.stop = cancel
	go func() { s.stopped <- srv.serve(ctx, listener) }()
	t.Cleanup(cancel)
	return s
}

// client returns a client that trusts the server and presents the certificates.
func (s *served) client(certificates ...tls.Certificate) *http.Client {
	roots := x509.NewCertPool()
	roots.AddCert(s.authority.Certificate)
	return &http.Client{Transport: &http.Transport{
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{RootCAs: roots, Certificates: certificates},
	}}
}

// answer is the part of a response that tests check.
type answer struct {
	status, major int
	closed        bool
}

func post(t testing.TB, c *http.Client, url string, body io.Reader) answer {
	t.Helper()
	resp, err := c.Post(url, "application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.ProtoMajor, resp.Close}
}

func TestServerLimits(t *testing.T) {
	maxBodyBytes := int(limits.Default().BodyBytes)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusTeapot)
		}
	}, nil)
	c := s.client()
	if got := post(t, c, s.url, bytes.NewReader(make([]byte, maxBodyBytes))); got.status != http.StatusOK || got.major != 1 {
		t.Errorf("a body at the limit is answered %+v, want 200 by HTTP/1.1", got)
	}
	if got := post(t, c, s.url, bytes.NewReader(make([]byte, maxBodyBytes+1))); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body above the limit is answered %+v, want 413", got)
	}
	unknown := struct{ io.Reader }{bytes.NewReader(make([]byte, maxBodyBytes+1))} // chunked
	if got := post(t, c, s.url, unknown); got.status != http.StatusLengthRequired {
		t.Errorf("a body without Content-Length is answered %+v, want 411", got)
	}
	req, err := http.NewRequest(http.MethodGet, s.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Long", strings.Repeat("x", 2*maxHeaderBytes))
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a long header is answered %s, want 431", resp.Status)
	}
}

// BenchmarkServer has reviews of 10 KB answered over one TLS connection.
func BenchmarkServer(b *testing.B) {
	s := serve(b, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write(make([]byte, 500))
	}, nil)
	c := s.client()
	body := make([]byte, 10<<10)
	b.ReportAllocs()
	for b.Loop() {
		if got := post(b, c, s.url, bytes.NewReader(body)); got.status != http.StatusOK {
			b.Fatal(got)
		}
	}
}

func TestServerRefusesOldTLS(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) {}, nil)
	c := s.client()
	config := c.Transport.(*http.Transport).TLSClientConfig
	config.MinVersion, config.MaxVersion = tls.VersionTLS11, tls.VersionTLS11
	if resp, err := c.Get(s.url); err == nil {
		_ = resp.Body.Close()
		t.Error("TLS 1.1 is accepted")
	}
}

func TestServerClosesConnectionsWhileDraining(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) {}, nil)
	c := s.client()
	if post(t, c, s.url, nil).closed {
		t.Error("connection is closed before draining")
	}
	s.draining.Store(true)
	if got := post(t, c, s.url, nil); got.status != http.StatusOK || !got.closed {
		t.Errorf("while draining: %+v; want an answer, and the connection closed", got)
	}
}

// A call that is pending when the server stops is answered, and its context is not
// cancelled before that.
func TestServerAnswersPendingCalls(t *testing.T) {
	began, goOn := make(chan struct{}), make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		close(began)
		<-goOn
		if r.Context().Err() != nil {
			w.WriteHeader(http.StatusTeapot)
		}
	}, nil)
	answer := make(chan string, 1)
	go func() {
		resp, err := s.client().Get(s.url)
		if err != nil {
			answer <- err.Error()
			return
		}
		_ = resp.Body.Close()
		answer <- resp.Status
	}()
	<-began
	s.stop()
	for { // until it stops listening
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "https://"))
		if err != nil {
			break
		}
		_ = conn.Close()
	}
	close(goOn)
	if got := <-answer; got != "200 OK" {
		t.Errorf("the call is answered %s", got)
	}
	if err := <-s.stopped; err != nil {
		t.Errorf("serve() = %v", err)
	}
}

// clientCertificate returns a certificate signed by authority, with a common name.
func clientCertificate(t *testing.T, authority *certs.Authority, name string) tls.Certificate {
	t.Helper()
	leaf, err := authority.Issue([]string{"client.test"}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	template := *leaf.Leaf
	template.RawSubject, template.Subject = nil, pkix.Name{CommonName: name}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	der, err := x509.CreateCertificate(rand.Reader, &template, authority.Certificate, leaf.Leaf.PublicKey, authority.Key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: leaf.PrivateKey}
}

func TestClientCertificate(t *testing.T) {
	authority, err := certs.NewAuthority(time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	other, err := certs.NewAuthority(time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Certificate.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		names []string
		show  []tls.Certificate
		want  bool
	}{
		"any of the authority": {show: []tls.Certificate{clientCertificate(t, authority, "any")}, want: true},
		"of the name":          {names: []string{"other", "kube-apiserver"}, show: []tls.Certificate{clientCertificate(t, authority, "kube-apiserver")}, want: true},
		"of the DNS name":      {names: []string{"client.test"}, show: []tls.Certificate{clientCertificate(t, authority, "any")}, want: true},
		"of another name":      {names: []string{"kube-apiserver"}, show: []tls.Certificate{clientCertificate(t, authority, "kubelet")}},
		"of another authority": {show: []tls.Certificate{clientCertificate(t, other, "kube-apiserver")}},
		"none":                 {},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(http.ResponseWriter, *http.Request) {}, func(c *tls.Config) {
				if err := requireClient(c, file, tt.names); err != nil {
					t.Fatal(err)
				}
			})
			resp, err := s.client(tt.show...).Get(s.url)
			if err == nil {
				_ = resp.Body.Close()
			}
			if (err == nil) != tt.want {
				t.Errorf("call: %v, want accepted %v", err, tt.want)
			}
		})
	}
	for _, file := range []string{filepath.Join(t.TempDir(), "none"), os.Args[0]} {
		if err := requireClient(&tls.Config{}, file, nil); err == nil || !strings.Contains(err.Error(), "--client-ca") {
			t.Errorf("requireClient(%s) = %v, want an error that names the flag", file, err)
		}
	}
}

func TestDrain(t *testing.T) {
	d := &drain{period: time.Millisecond}
	ctx, stop := context.WithCancel(context.WithValue(t.Context(), contextKey{}, "kept"))
	later, cancel := d.after(ctx)
	defer cancel()
	if err := d.ready(nil); err != nil || later.Err() != nil {
		t.Errorf("before the signal to stop: ready %v, context %v", err, later.Err())
	}
	stop()
	<-later.Done()
	if err := d.ready(nil); err == nil {
		t.Error("ready after the signal to stop")
	}
	if later.Value(contextKey{}) != "kept" {
		t.Error("values of the context are lost")
	}

	d = &drain{period: time.Hour}
	ctx, stop = context.WithCancel(t.Context())
	later, cancel = d.after(ctx)
	defer cancel()
	stop()
	for d.ready(nil) == nil {
	}
	if later.Err() != nil {
		t.Error("stops without draining")
	}
}

type contextKey struct{}

// Anyone can cause errors of connections, so their log is bounded.
func TestLogOfFailedConnectionsIsBounded(t *testing.T) {
	var lines []string
	l := newErrorLog(funcr.New(func(_, args string) { lines = append(lines, args) }, funcr.Options{}))
	for range 1000 {
		if _, err := l.Write([]byte("http: TLS handshake error from 10.0.0.1:1: remote error: tls: bad certificate\n")); err != nil {
			t.Fatal(err)
		}
	}
	for _, usual := range []string{"EOF", "use of closed network connection"} {
		_, _ = l.Write([]byte("http: TLS handshake error from 10.0.0.1:1: " + usual + "\n"))
	}
	if len(lines) < errorBurst || len(lines) > 2*errorBurst {
		t.Errorf("%d lines, want about %d", len(lines), errorBurst)
	}
	if !strings.Contains(lines[0], "bad certificate") {
		t.Errorf("logged %s", lines[0])
	}
	l.limit = rate.NewLimiter(rate.Inf, 0)
	_, _ = l.Write([]byte("http: panic\n"))
	if last := lines[len(lines)-1]; !strings.Contains(last, "omittedBefore") {
		t.Errorf("logged %s: it does not say how many were omitted", last)
	}
}
