package app

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/kong-latency/kong-latency/certs"
)

// WebhookOptions are the options of the admission webhook.
type WebhookOptions struct {
	BindAddress   string
	Service       string
	Configuration string
	ClientCA      string
	ClientNames   []string
	DrainPeriod   time.Duration
	Certificates  CertificateOptions
}

// CertificateOptions say where the serving certificate comes from.
type CertificateOptions struct {
	Mode              string
	Secret            string
	Certificate       string
	CertFile          string
	KeyFile           string
	DNSNames          []string
	AuthorityValidity time.Duration
	LeafValidity      time.Duration
	Grace             time.Duration
}

func defaultWebhookOptions() WebhookOptions {
	return WebhookOptions{
		BindAddress:   ":9443",
		Service:       "kong-latency-webhook",
		Configuration: "kong-latency",
		DrainPeriod:   15 * time.Second,
		Certificates: CertificateOptions{
			Mode:              string(certs.SelfSigned),
			Certificate:       certs.CertManagerCertificate,
			AuthorityValidity: certs.DefaultAuthorityValidity,
			LeafValidity:      certs.DefaultLeafValidity,
			Grace:             certs.DefaultGrace,
		},
	}
}

// AddFlags adds the webhook's flags.
func (o *WebhookOptions) AddFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.BindAddress, "webhook-bind-address", o.BindAddress, "host:port that serves admission over TLS")
	fs.StringVar(&o.Service, "webhook-service", o.Service, "Service by which the API server reaches the webhook; the certificate is made for its name")
	fs.StringVar(&o.Configuration, "webhook-configuration", o.Configuration, "name of the mutating and of the validating webhook configuration whose caBundle is set")
	fs.StringVar(&o.ClientCA, "client-ca", o.ClientCA, "PEM file of the authorities that must have signed the API server's client certificate; if empty, no client certificate is required")
	fs.StringSliceVar(&o.ClientNames, "client-name", o.ClientNames, "accepted common names or DNS names of that certificate; if empty, any name is accepted")
	fs.DurationVar(&o.DrainPeriod, "drain-period", o.DrainPeriod, "time between becoming unready and stopping, in which the webhook still serves; at least as long as the cluster needs to stop sending traffic")
	o.Certificates.AddFlags(fs)
}

// AddFlags adds the flags of the serving certificate.
func (o *CertificateOptions) AddFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.Mode, "cert-mode", o.Mode, "where the serving certificate comes from: self-signed, cert-manager, files, or auto, which is cert-manager if that is installed at start, otherwise self-signed")
	fs.StringVar(&o.Secret, "cert-secret", o.Secret, "Secret with the certificate; if empty, "+certs.SelfSignedSecret+" with self-signed and "+certs.CertManagerSecret+" with cert-manager")
	fs.StringVar(&o.Certificate, "cert-certificate", o.Certificate, "cert-manager's Certificate, which is read to report problems")
	fs.StringVar(&o.CertFile, "cert-file", o.CertFile, "PEM file of the certificate with its intermediate certificates, for --cert-mode=files")
	fs.StringVar(&o.KeyFile, "cert-key-file", o.KeyFile, "PEM file of its private key, for --cert-mode=files")
	fs.StringSliceVar(&o.DNSNames, "cert-dns-names", o.DNSNames, "additional DNS names and IP addresses for the serving certificate")
	fs.DurationVar(&o.AuthorityValidity, "cert-authority-validity", o.AuthorityValidity, "validity of a self-signed authority; renewed when a third is left")
	fs.DurationVar(&o.LeafValidity, "cert-validity", o.LeafValidity, "validity of a self-signed serving certificate; renewed when a third is left")
	fs.DurationVar(&o.Grace, "cert-grace", o.Grace, "time that a new authority is in caBundle before a certificate signed by it is served")
}

// certificates returns the options of package certs.
func (o *WebhookOptions) certificates(namespace string) certs.Options {
	c := o.Certificates
	return certs.Options{
		Mode:                 certs.Mode(c.Mode),
		Namespace:            namespace,
		Secret:               c.Secret,
		Certificate:          c.Certificate,
		CertFile:             c.CertFile,
		KeyFile:              c.KeyFile,
		Service:              o.Service,
		DNSNames:             c.DNSNames,
		WebhookConfiguration: o.Configuration,
		AuthorityValidity:    c.AuthorityValidity,
		LeafValidity:         c.LeafValidity,
		Grace:                c.Grace,
	}
}

// validate reports every invalid option.
func (o *WebhookOptions) validate(namespace string) error {
	var errs []error
	if _, _, err := hostPort(o.BindAddress); err != nil {
		errs = append(errs, fmt.Errorf("--webhook-bind-address is %q: must be host:port, such as :9443", o.BindAddress))
	}
	if o.DrainPeriod < 0 {
		errs = append(errs, fmt.Errorf("--drain-period is %s: must not be negative", o.DrainPeriod))
	}
	if len(o.ClientNames) > 0 && o.ClientCA == "" {
		errs = append(errs, errors.New("--client-name is set without --client-ca: a name means nothing unless an authority vouches for it"))
	}
	c := o.certificates(namespace)
	if err := c.Complete(); err != nil {
		errs = append(errs, fmt.Errorf("flags of the certificate: %w", err))
	}
	return errors.Join(errs...)
}
