package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// +kubebuilder:rbac:groups="",namespace=kong-latency-system,resources=secrets,resourceNames=kong-latency-webhook-tls,verbs=get;list;watch
// +kubebuilder:rbac:groups=cert-manager.io,namespace=kong-latency-system,resources=certificates,resourceNames=kong-latency-webhook,verbs=get;list;watch

// issued serves what cert-manager writes. It writes nothing itself: the Secret
// is cert-manager's and caBundle cainjector's. What it can do is to serve what
// the API server accepts at the moment, and to say what is wrong.
type issued struct {
	*serving
	options Options
	names   []string
	client  client.Client
	log     logr.Logger
	told    string // what is wrong, as last logged; used by look alone

	problem atomic.Pointer[string] // why calls would fail, as far as is known; nil: they would not
}

func newIssued(s *serving, c client.Client, log logr.Logger, o Options) *issued {
	i := &issued{serving: s, options: o, names: o.spec().Names, client: c, log: log}
	i.problem.Store(new("certificate of cert-manager was not looked for yet"))
	return i
}

// troubleInterval is the time between two looks while calls would fail.
const troubleInterval = 5 * time.Second

// look takes over what the Secret holds, once the API server trusts it.
//
// cert-manager replaces an authority without overlap: for a moment caBundle and
// Secret do not agree. Then the certificate that caBundle fits is served.
func (i *issued) look(ctx context.Context) (next time.Time, err error) {
	at := i.options.Clock()
	leaf, authority, problem := i.readSecret(ctx, at)
	configurations, unread := readConfigurations(ctx, i.client, i.options.WebhookConfiguration)
	fits := func(leaf *tls.Certificate) bool { return distrust(leaf, configurations, at) == nil }
	switch served := i.leaf.Load(); {
	case problem != nil:
	case i.check(at, i.names) != nil, unread == nil && (fits(leaf) || !fits(served)):
		i.take(leaf, authority)
	}
	unfit := unread
	if unread == nil && i.check(at, i.names) == nil { // else it has a better reason
		unfit = distrust(i.leaf.Load(), configurations, at)
	}
	text := join(problem, unfit, i.inspect(ctx))
	i.tell(text)
	i.judge(text, i.check(at, i.names) == nil, unread, unfit)
	if i.problem.Load() != nil {
		return at.Add(troubleInterval), nil // not all that may be wrong is watched
	}
	return time.Time{}, nil
}

// judge notes whether calls would fail. That the webhook configurations could
// not be read says nothing about that; that they do not exist does.
func (i *issued) judge(text string, valid bool, unread, unfit error) {
	switch {
	case valid && unfit == nil:
		i.problem.Store(nil)
	case valid && unread != nil && !apierrors.IsNotFound(unread) && i.problem.Load() == nil:
	default:
		i.problem.Store(&text)
	}
}

// ready tells why a call by the API server would fail.
func (i *issued) ready() error {
	if problem := i.problem.Load(); problem != nil {
		return errors.New(*problem)
	}
	return i.check(i.options.Clock(), i.names)
}

// tell logs what is wrong when that changes.
func (i *issued) tell(text string) {
	switch text {
	case i.told:
	case "":
		i.log.Info("certificate of cert-manager is in order")
	default:
		i.log.Error(errors.New(text), "certificate of cert-manager is not in order")
	}
	i.told = text
}

func (i *issued) take(leaf *tls.Certificate, authority *x509.Certificate) {
	if before := i.leaf.Load(); before != nil && before.Leaf.Equal(leaf.Leaf) {
		return
	}
	i.serve(leaf, authority)
	i.log.Info("serving certificate", "notAfter", leaf.Leaf.NotAfter, "serial", leaf.Leaf.SerialNumber.Text(16))
}

// readSecret returns what the Secret holds if that can be served.
func (i *issued) readSecret(ctx context.Context, at time.Time) (*tls.Certificate, *x509.Certificate, error) {
	key := client.ObjectKey{Namespace: i.options.Namespace, Name: i.options.Secret}
	var secret corev1.Secret
	if err := i.client.Get(ctx, key, &secret); apierrors.IsNotFound(err) {
		return nil, nil, fmt.Errorf("secret %s does not exist: cert-manager writes it when it has issued the certificate", key)
	} else if err != nil {
		return nil, nil, fmt.Errorf("get secret %s: %w", key, err)
	}
	leaf, err := decodeLeaf(secret.Data)
	if err != nil {
		return nil, nil, fmt.Errorf("read secret %s: %w", key, err)
	}
	if err := checkServer(leaf, at, i.names); err != nil {
		return nil, nil, fmt.Errorf("read secret %s: %w", key, err)
	}
	// An issuer need not tell its authority (ACME does not).
	var authority *x509.Certificate
	if authorities, err := decodeCertificates(secret.Data[AuthorityCertificateKey]); err == nil {
		authority = authorities[0]
	}
	return leaf, authority, nil
}

// inspect says what is wrong with the Certificate.
func (i *issued) inspect(ctx context.Context) error {
	key := client.ObjectKey{Namespace: i.options.Namespace, Name: i.options.Certificate}
	var certificate cmv1.Certificate
	err := i.client.Get(ctx, key, &certificate)
	switch {
	case apierrors.IsNotFound(err):
		return fmt.Errorf("cert-manager's Certificate %s does not exist: apply it, or run with --cert-mode=self-signed", key)
	case meta.IsNoMatchError(err):
		return errors.New("cert-manager is not installed: install it, or run with --cert-mode=self-signed")
	case err != nil:
		return fmt.Errorf("get Certificate %s: %w", key, err)
	}
	if problems := Inspect(&certificate, i.options.Secret, i.names); len(problems) > 0 {
		return fmt.Errorf("cert-manager's Certificate %s: %s", key, strings.Join(problems, "; "))
	}
	return nil
}

// distrust says why the API server, which knows these configurations, would
// refuse the leaf; nil: it would not.
func distrust(leaf *tls.Certificate, to configurations, at time.Time) error {
	for _, each := range to {
		for _, config := range each.clients {
			authorities, err := decodeCertificates(config.CABundle)
			if err == nil {
				err = checkChain(leaf, authorities, at)
			}
			if err != nil {
				return fmt.Errorf("caBundle of %s %s does not fit, which cert-manager's cainjector fills if it runs and the annotation %s names the Certificate: %w",
					each.kind, each.current.GetName(), cmv1.WantInjectAnnotation, err)
			}
		}
	}
	return nil
}

// join makes one line of errors.
func join(errs ...error) string {
	var lines []string
	for _, err := range errs {
		if err != nil {
			lines = append(lines, err.Error())
		}
	}
	return strings.Join(lines, "; ")
}
