package certs

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Mode says where certificates come from.
type Mode string

// The modes. Auto is CertManager if its definitions are installed at start, otherwise
// SelfSigned.
const (
	SelfSigned  Mode = "self-signed"
	CertManager Mode = "cert-manager"
	Files       Mode = "files"
	Auto        Mode = "auto"
)

// Modes lists all modes.
func Modes() []Mode { return []Mode{SelfSigned, CertManager, Files, Auto} }

// Names that the shipped manifests use, and the roles with them.
const (
	// SelfSignedSecret is where SelfSigned keeps its pair.
	SelfSignedSecret = "kong-latency-webhook-cert"
	// CertManagerSecret is where cert-manager writes its certificate. It is a
	// different Secret, so that the two modes never write the same one.
	CertManagerSecret = "kong-latency-webhook-tls"
	// CertManagerCertificate is the name of the Certificate object.
	CertManagerCertificate = "kong-latency-webhook"
)

// Defaults of Options. The leaf is short-lived so that renewal is an everyday
// event; replacing the authority affects more, so it is rare. Changes are watched;
// the interval is for what a watch misses.
const (
	DefaultAuthorityValidity = 10 * 365 * 24 * time.Hour
	DefaultLeafValidity      = 90 * 24 * time.Hour
	DefaultGrace             = time.Minute
	DefaultInterval          = time.Minute
)

// Options say where certificates are stored and which names they cover.
type Options struct {
	// Mode says where certificates come from; empty means SelfSigned.
	Mode Mode
	// Namespace is the namespace of the Secret and of the Service.
	Namespace string
	// Secret is the name of the Secret that holds the pair; empty means
	// SelfSignedSecret or CertManagerSecret. SelfSigned creates it if it does not
	// exist.
	Secret string
	// Certificate is the name of cert-manager's object; empty means
	// CertManagerCertificate.
	Certificate string
	// CertFile and KeyFile are the PEM files of Files.
	CertFile, KeyFile string
	// Service is the name of the Service through which the API server calls.
	// May be empty if DNSNames is not.
	Service string
	// DNSNames are additional DNS names and IP addresses of the certificate.
	DNSNames []string
	// WebhookConfiguration names the MutatingWebhookConfiguration and the
	// ValidatingWebhookConfiguration whose caBundle is set (SelfSigned) or
	// checked (CertManager); empty means none.
	WebhookConfiguration string
	// AuthorityValidity is the validity of a new authority, at least 2 × LeafValidity;
	// 0 means DefaultAuthorityValidity.
	AuthorityValidity time.Duration
	// LeafValidity is the validity of a new serving certificate; 0 means
	// DefaultLeafValidity.
	LeafValidity time.Duration
	// Grace is how long a new authority must be in caBundle before a certificate
	// signed by it is served, less than a third of LeafValidity; 0 means DefaultGrace.
	Grace time.Duration
	// Interval is the longest time between two checks; 0 means DefaultInterval.
	Interval time.Duration
	// Clock returns the time that validity is checked against; nil means time.Now.
	Clock func() time.Time
}

// Complete sets defaults and reports every invalid option.
func (o *Options) Complete() error {
	setDefault(&o.Mode, SelfSigned)
	setDefault(&o.Certificate, CertManagerCertificate)
	setDefault(&o.AuthorityValidity, DefaultAuthorityValidity)
	setDefault(&o.LeafValidity, DefaultLeafValidity)
	setDefault(&o.Grace, DefaultGrace)
	setDefault(&o.Interval, DefaultInterval)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(slices.Contains(Modes(), o.Mode), "mode is %q: must be one of %q", o.Mode, Modes())
	check(o.Namespace != "", "namespace is empty")
	check(o.Service != "" || len(o.DNSNames) > 0, "neither a service nor a DNS name is given")
	if o.Mode == Files {
		check(o.CertFile != "" && o.KeyFile != "", "file of the certificate is %q and that of its key is %q: both are needed", o.CertFile, o.KeyFile)
	}
	check(o.LeafValidity > 0 && o.Grace > 0 && o.Interval > 0,
		"leaf validity %s, grace %s or interval %s is negative", o.LeafValidity, o.Grace, o.Interval)
	// Otherwise a new authority would be due for renewal at once.
	check(o.AuthorityValidity >= 2*o.LeafValidity,
		"authority validity %s is less than 2 × the leaf validity %s", o.AuthorityValidity, o.LeafValidity)
	// Otherwise a leaf could expire while its successor waits.
	check(o.Grace < o.LeafValidity/3, "grace %s is not less than a third of the leaf validity %s", o.Grace, o.LeafValidity)
	return errors.Join(errs...)
}

func setDefault[T comparable](to *T, value T) {
	var zero T
	if *to == zero {
		*to = value
	}
}

// spec returns the requirements on a pair. The API server calls a Service by the name
// <service>.<namespace>.svc.
func (o *Options) spec() Spec {
	names := o.DNSNames
	if o.Service != "" {
		names = append([]string{o.Service + "." + o.Namespace + ".svc"}, names...)
	}
	return Spec{
		Names:             sorted(names),
		AuthorityValidity: o.AuthorityValidity,
		LeafValidity:      o.LeafValidity,
	}
}
