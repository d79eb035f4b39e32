package certs

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// With resourceNames, list and watch need a field selector for the name, which the
// watches of this package have.
// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=mutatingwebhookconfigurations;validatingwebhookconfigurations,resourceNames=kong-latency,verbs=get;list;patch;watch

// configuration is one webhook configuration of either kind, as it was read.
type configuration struct {
	kind    string // for messages
	before  client.Object
	current client.Object
	clients []*admissionv1.WebhookClientConfig // parts of current
}

// configurations are the product's webhook configurations.
type configurations []*configuration

// readConfigurations reads both. A missing one is an error.
func readConfigurations(ctx context.Context, c client.Client, name string) (configurations, error) {
	if name == "" {
		return nil, nil
	}
	var mutating admissionv1.MutatingWebhookConfiguration
	if err := c.Get(ctx, client.ObjectKey{Name: name}, &mutating); err != nil {
		return nil, fmt.Errorf("get mutating webhook configuration: %w", err)
	}
	var validating admissionv1.ValidatingWebhookConfiguration
	if err := c.Get(ctx, client.ObjectKey{Name: name}, &validating); err != nil {
		return nil, fmt.Errorf("get validating webhook configuration: %w", err)
	}
	m := &configuration{kind: "mutating webhook configuration", before: mutating.DeepCopy(), current: &mutating}
	for i := range mutating.Webhooks {
		m.clients = append(m.clients, &mutating.Webhooks[i].ClientConfig)
	}
	v := &configuration{kind: "validating webhook configuration", before: validating.DeepCopy(), current: &validating}
	for i := range validating.Webhooks {
		v.clients = append(v.clients, &validating.Webhooks[i].ClientConfig)
	}
	return configurations{m, v}, nil
}

// bundles returns the caBundles of all webhooks.
func (c configurations) bundles() [][]byte {
	var out [][]byte
	for _, each := range c {
		for _, config := range each.clients {
			out = append(out, config.CABundle)
		}
	}
	return out
}

// hold reports whether every webhook has this caBundle.
func (c configurations) hold(bundle []byte) bool { return len(c.lacking(bundle)) == 0 }

// lacking returns the kinds of configurations in which a webhook does not have this
// caBundle.
func (c configurations) lacking(bundle []byte) (kinds []string) {
	for _, each := range c {
		for _, config := range each.clients {
			if !bytes.Equal(config.CABundle, bundle) {
				kinds = append(kinds, each.kind)
				break
			}
		}
	}
	return kinds
}

// injector names the configuration whose caBundle cert-manager is told to set; empty
// if there is none.
func (c configurations) injector() string {
	for _, each := range c {
		for _, key := range []string{cmv1.WantInjectAnnotation, cmv1.WantInjectFromSecretAnnotation, cmv1.WantInjectAPIServerCAAnnotation} {
			if value, ok := each.current.GetAnnotations()[key]; ok {
				return fmt.Sprintf("%s %s has the annotation %s: %s", each.kind, each.current.GetName(), key, value)
			}
		}
	}
	return ""
}

// publish sets the caBundle of every webhook that has another. It returns the kinds
// that it has written.
//
// It is a strategic merge patch of each webhook's caBundle. Server-side apply would
// also make this package an owner of the list's entries: an installer that uses
// server-side apply could never drop one, because its name and caBundle would
// remain, which the API server refuses as incomplete.
func (c configurations) publish(ctx context.Context, to client.Client, bundle []byte) (written []string, err error) {
	var errs []error
	for _, each := range c {
		if (configurations{each}).hold(bundle) {
			continue
		}
		for _, config := range each.clients {
			config.CABundle = bundle
		}
		// With optimistic locking: a webhook that was removed in between must not
		// reappear, and a newer bundle must not be overwritten.
		patch := client.StrategicMergeFrom(each.before, client.MergeFromWithOptimisticLock{})
		if err := to.Patch(ctx, each.current, patch, client.FieldOwner(FieldManager)); err != nil {
			errs = append(errs, fmt.Errorf("patch caBundle of %s: %w", each.kind, err))
			continue
		}
		written = append(written, each.kind)
	}
	return written, errors.Join(errs...)
}
