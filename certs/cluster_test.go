package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/go-logr/logr"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// The fake client merges patches with the real library and refuses stale resource
// versions. It does not validate, and it does not track field owners.

var options = Options{
	Namespace: "ns", Service: "hook", DNSNames: []string{"127.0.0.1"},
	WebhookConfiguration: "hooks", Secret: "cert", AuthorityValidity: spec.AuthorityValidity, LeafValidity: spec.LeafValidity, Grace: time.Minute,
}

// cluster counts writes and fails on demand.
type cluster struct {
	client.WithWatch
	writes atomic.Int32
	down   atomic.Bool
}

func newCluster(objects ...client.Object) *cluster {
	c := &cluster{}
	gate := func() error {
		if c.down.Load() {
			return errors.New("connection refused")
		}
		return nil
	}
	c.WithWatch = interceptor.NewClient(
		fake.NewClientBuilder().WithScheme(scheme()).WithObjects(objects...).Build(),
		interceptor.Funcs{
			Get: func(ctx context.Context, w client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
				return errors.Join(gate(), w.Get(ctx, key, obj, opts...))
			},
			Create: func(ctx context.Context, w client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
				c.writes.Add(1)
				return w.Create(ctx, obj, opts...)
			},
			Update: func(ctx context.Context, w client.WithWatch, obj client.Object, opts ...client.UpdateOption) error {
				c.writes.Add(1)
				return w.Update(ctx, obj, opts...)
			},
			Patch: func(ctx context.Context, w client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
				c.writes.Add(1)
				return w.Patch(ctx, obj, patch, opts...)
			},
		})
	return c
}

func scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(s))
	utilruntime.Must(cmv1.AddToScheme(s))
	return s
}

func hooks() []client.Object {
	config := admissionv1.WebhookClientConfig{Service: &admissionv1.ServiceReference{Namespace: "ns", Name: "hook"}}
	meta := metav1.ObjectMeta{Name: "hooks"}
	return []client.Object{
		&admissionv1.MutatingWebhookConfiguration{ObjectMeta: meta, Webhooks: []admissionv1.MutatingWebhook{
			{Name: "a.hooks.test", ClientConfig: config},
		}},
		&admissionv1.ValidatingWebhookConfiguration{ObjectMeta: meta, Webhooks: []admissionv1.ValidatingWebhook{
			{Name: "b.hooks.test", ClientConfig: config}, {Name: "c.hooks.test", ClientConfig: config},
		}},
	}
}

// replica is one self-signed source with its own clock.
type replica struct {
	*selfSigned
	source *Source
	at     time.Time
}

func newReplica(t *testing.T, c client.Client, at time.Time) *replica {
	t.Helper()
	r := &replica{at: at}
	o := options
	o.Clock = func() time.Time { return r.at }
	if err := o.Complete(); err != nil {
		t.Fatal(err)
	}
	source, err := newSource(c, logr.Discard(), SelfSigned, o)
	if err != nil {
		t.Fatal(err)
	}
	r.source, r.selfSigned = source, source.keeper.(*selfSigned)
	return r
}

func (r *replica) sync(ctx context.Context) error {
	_, err := r.look(ctx)
	return err
}

// mustSync synchronizes and must be ready a moment later.
func (r *replica) mustSync(t *testing.T) {
	t.Helper()
	if err := r.sync(t.Context()); err != nil {
		t.Fatalf("look: %v", err)
	}
	r.at = r.at.Add(readyGrace)
	if err := r.source.Ready(nil); err != nil {
		t.Fatalf("Ready() after a look = %v", err)
	}
}

// bundles returns the caBundles of all webhooks.
func bundles(t *testing.T, c client.Client) []string {
	t.Helper()
	var mutating admissionv1.MutatingWebhookConfiguration
	var validating admissionv1.ValidatingWebhookConfiguration
	err := errors.Join(c.Get(t.Context(), client.ObjectKey{Name: "hooks"}, &mutating),
		c.Get(t.Context(), client.ObjectKey{Name: "hooks"}, &validating))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, webhook := range mutating.Webhooks {
		out = append(out, string(webhook.ClientConfig.CABundle))
	}
	for _, webhook := range validating.Webhooks {
		if webhook.ClientConfig.Service == nil {
			t.Errorf("webhook %s lost its service", webhook.Name)
		}
		out = append(out, string(webhook.ClientConfig.CABundle))
	}
	return out
}

func secret(t *testing.T, c client.Client) *corev1.Secret {
	t.Helper()
	var out corev1.Secret
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: "ns", Name: "cert"}, &out); err != nil {
		t.Fatal(err)
	}
	return &out
}

// handshake connects as the API server does: with the published bundle, to the
// name of the Service.
func handshake(t *testing.T, bundle string, r *replica) error {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(bundle))
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	go func() { _ = tls.Server(there, &tls.Config{GetCertificate: r.source.GetCertificate}).Handshake() }()
	return tls.Client(here, &tls.Config{
		RootCAs: roots, ServerName: "hook.ns.svc", Time: func() time.Time { return r.at },
	}).Handshake()
}
