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

// issued serves the certificate that cert-manager issues. It writes nothing: the
// Secret belongs to cert-manager and caBundle to its cainjector. It serves what the
// API server currently accepts, and reports what is wrong.
type issued struct {
	*serving
	options Options
	names   []string
	client  client.Client
	log     logr.Logger
	logged  string // the last problem logged; used by look only

	problem atomic.Pointer[string] // why calls would fail, as far as is known; nil if they would not
}

func newIssued(s *serving, c client.Client, log logr.Logger, o Options) *issued {
	i := &issued{serving: s, options: o, names: o.spec().Names, client: c, log: log}
	i.problem.Store(new("cert-manager's certificate has not been read yet"))
	return i
}

// troubleInterval is the time between two checks while calls would fail.
const troubleInterval = 5 * time.Second

// look starts serving the Secret's certificate once the API server trusts it.
//
// cert-manager replaces an authority without overlap: for a moment caBundle and the
// Secret disagree. Meanwhile the certificate that matches caBundle is served.
func (i *issued) look(ctx context.Context) (next time.Time, err error) {
	at := i.options.Clock()
	leaf, authority, problem := i.readSecret(ctx, at)
	configurations, unread := readConfigurations(ctx, i.client, i.options.WebhookConfiguration)
	fits := func(leaf *tls.Certificate) bool { return distrust(leaf, configurations, at) == nil }
	switch served := i.leaf.Load(); {
	case problem != nil:
	case i.check(at, i.names) != nil, unread == nil && (fits(leaf) || !fits(served)):
		i.serveNew(leaf, authority)
	}
	unfit := unread
	if unread == nil && i.check(at, i.names) == nil { // otherwise check has a better reason
		unfit = distrust(i.leaf.Load(), configurations, at)
	}
	text := join(problem, unfit, i.inspect(ctx))
	i.logProblem(text)
	i.judge(text, i.check(at, i.names) == nil, unread, unfit)
	if i.problem.Load() != nil {
		return at.Add(troubleInterval), nil // not every possible cause is watched
	}
	return time.Time{}, nil
}

// judge records whether calls would fail. Webhook configurations that could not be
// read do not imply that; missing ones do.
func (i *issued) judge(text string, valid bool, unread, unfit error) {
	switch {
	case valid && unfit == nil:
		i.problem.Store(nil)
	case valid && unread != nil && !apierrors.IsNotFound(unread) && i.problem.Load() == nil:
	default:
		i.problem.Store(&text)
	}
}

// ready returns why a call by the API server would fail.
func (i *issued) ready() error {
	if problem := i.problem.Load(); problem != nil {
		return errors.New(*problem)
	}
	return i.check(i.options.Clock(), i.names)
}

// logProblem logs the problem when it changes.
func (i *issued) logProblem(text string) {
	switch text {
	case i.logged:
	case "":
		i.log.Info("cert-manager's certificate is valid")
	default:
		i.log.Error(errors.New(text), "cert-manager's certificate is not valid")
	}
	i.logged = text
}

func (i *issued) serveNew(leaf *tls.Certificate, authority *x509.Certificate) {
	if before := i.leaf.Load(); before != nil && before.Leaf.Equal(leaf.Leaf) {
		return
	}
	i.serve(leaf, authority)
	i.log.Info("serving certificate", "notAfter", leaf.Leaf.NotAfter, "serial", leaf.Leaf.SerialNumber.Text(16))
}

// readSecret returns the content of the Secret if it can be served.
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
	// An issuer need not provide its authority (ACME does not).
	var authority *x509.Certificate
	if authorities, err := decodeCertificates(secret.Data[AuthorityCertificateKey]); err == nil {
		authority = authorities[0]
	}
	return leaf, authority, nil
}

// inspect returns what is wrong with the Certificate.
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

// distrust returns why the API server, with these configurations, would refuse the
// leaf; nil if it would not.
func distrust(leaf *tls.Certificate, to configurations, at time.Time) error {
	for _, each := range to {
		for _, config := range each.clients {
			authorities, err := decodeCertificates(config.CABundle)
			if err == nil {
				err = checkChain(leaf, authorities, at)
			}
			if err != nil {
				return fmt.Errorf("caBundle of %s %s does not match, which cert-manager's cainjector sets if it runs and the annotation %s names the Certificate: %w",
					each.kind, each.current.GetName(), cmv1.WantInjectAnnotation, err)
			}
		}
	}
	return nil
}

// join joins errors into one line.
func join(errs ...error) string {
	var lines []string
	for _, err := range errs {
		if err != nil {
			lines = append(lines, err.Error())
		}
	}
	return strings.Join(lines, "; ")
}
