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

// Restricted to a name, list and watch need a field selector of it, which the
// watches of this package have.
// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=mutatingwebhookconfigurations;validatingwebhookconfigurations,resourceNames=kong-latency,verbs=get;list;patch;watch

// configuration is one webhook configuration of either kind, as it was read.
type configuration struct {
	kind    string // for messages
	before  client.Object
	current client.Object
	clients []*admissionv1.WebhookClientConfig // parts of current
}

// configurations are the webhook configurations that name us.
type configurations []*configuration

// readConfigurations reads both. It is an error if one does not exist.
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

// bundles are the caBundles of all webhooks.
func (c configurations) bundles() [][]byte {
	var out [][]byte
	for _, each := range c {
		for _, config := range each.clients {
			out = append(out, config.CABundle)
		}
	}
	return out
}

// hold tells whether every webhook has this caBundle.
func (c configurations) hold(bundle []byte) bool {
	for _, have := range c.bundles() {
		if !bytes.Equal(have, bundle) {
			return false
		}
	}
	return true
}

// injector tells which configuration asks cert-manager to fill its caBundle;
// empty: none.
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

// publish writes bundle as caBundle into every webhook, where it is another.
// It returns the kinds that it has written.
//
// It is a strategic merge patch, which names webhooks by their name and of each
// the caBundle only. Server-side apply would do the same at first, but it makes
// us an owner of the list's entries: whoever installed them by server-side apply
// could then never drop one, because its name and caBundle would stay behind,
// and the API server refuses that as incomplete.
func (c configurations) publish(ctx context.Context, to client.Client, bundle []byte) (written []string, err error) {
	var errs []error
	for _, each := range c {
		if (configurations{each}).hold(bundle) {
			continue
		}
		for _, config := range each.clients {
			config.CABundle = bundle
		}
		// A conflict if it changed since it was read: a webhook that was dropped
		// in between must not come back, and nobody's later bundle be undone.
		patch := client.StrategicMergeFrom(each.before, client.MergeFromWithOptimisticLock{})
		if err := to.Patch(ctx, each.current, patch, client.FieldOwner(FieldManager)); err != nil {
			errs = append(errs, fmt.Errorf("patch caBundle of %s: %w", each.kind, err))
			continue
		}
		written = append(written, each.kind)
	}
	return written, errors.Join(errs...)
}
