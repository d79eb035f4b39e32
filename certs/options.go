package certs

import (
	"errors"
	"fmt"
	"time"
)

// Defaults of Options. The leaf is short-lived so that renewal is an everyday
// event; a change of authority touches more, so it is rare. A look costs three
// reads of single objects, and for as long as caBundle is wiped nobody calls us.
const (
	DefaultAuthorityValidity = 10 * 365 * 24 * time.Hour
	DefaultLeafValidity      = 90 * 24 * time.Hour
	DefaultInterval          = 10 * time.Second
)

// Options say where certificates are kept and for whom they are.
type Options struct {
	// Namespace is our own: of the Secret and of the Service.
	Namespace string
	// Secret is the name of the Secret that holds the pair. It is created if it
	// does not exist.
	Secret string
	// Service is the name of the Service through which the API server calls.
	// May be empty if DNSNames is not.
	Service string
	// DNSNames are further DNS names and IP addresses of the certificate.
	DNSNames []string
	// WebhookConfiguration names the MutatingWebhookConfiguration and the
	// ValidatingWebhookConfiguration that get the caBundle; empty: none does.
	WebhookConfiguration string
	// AuthorityValidity is how long a new authority lives, at least twice
	// LeafValidity; 0 means DefaultAuthorityValidity.
	AuthorityValidity time.Duration
	// LeafValidity is how long a new serving certificate lives; 0 means
	// DefaultLeafValidity.
	LeafValidity time.Duration
	// Interval is the time between two looks at the Secret and the webhook
	// configurations; 0 means DefaultInterval.
	Interval time.Duration
	// Clock tells the time by which certificates are judged; nil means time.Now.
	Clock func() time.Time
}

func (o *Options) complete() error {
	if o.AuthorityValidity == 0 {
		o.AuthorityValidity = DefaultAuthorityValidity
	}
	if o.LeafValidity == 0 {
		o.LeafValidity = DefaultLeafValidity
	}
	if o.Interval == 0 {
		o.Interval = DefaultInterval
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	var errs []error
	if o.Namespace == "" {
		errs = append(errs, errors.New("namespace is empty"))
	}
	if o.Secret == "" {
		errs = append(errs, errors.New("name of the secret is empty"))
	}
	if o.Service == "" && len(o.DNSNames) == 0 {
		errs = append(errs, errors.New("neither a service nor a DNS name is given"))
	}
	if o.LeafValidity < 0 || o.Interval < 0 {
		errs = append(errs, fmt.Errorf("leaf validity %s or interval %s is negative", o.LeafValidity, o.Interval))
	}
	if o.AuthorityValidity < 2*o.LeafValidity {
		// Else a new authority would be due for renewal at once.
		errs = append(errs, fmt.Errorf("authority validity %s is less than twice the leaf validity %s", o.AuthorityValidity, o.LeafValidity))
	}
	return errors.Join(errs...)
}

// spec is what the options ask of a pair. The API server calls a Service by
// the name <service>.<namespace>.svc.
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
