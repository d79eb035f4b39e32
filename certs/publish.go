package certs

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=mutatingwebhookconfigurations;validatingwebhookconfigurations,resourceNames=kong-latency,verbs=get;patch

// publish writes bundle as caBundle into every webhook of both configurations,
// where it is another.
func (s *Source) publish(ctx context.Context, bundle []byte) error {
	if s.options.WebhookConfiguration != "" {
		mutating, validating := s.publishMutating(ctx, bundle), s.publishValidating(ctx, bundle)
		if apierrors.IsNotFound(mutating) || apierrors.IsNotFound(validating) {
			s.published.Store(nil)
		}
		if err := errors.Join(mutating, validating); err != nil {
			return err
		}
	}
	s.published.Store(&bundle)
	return nil
}

func (s *Source) publishMutating(ctx context.Context, bundle []byte) error {
	var current admissionv1.MutatingWebhookConfiguration
	if err := s.client.Get(ctx, client.ObjectKey{Name: s.options.WebhookConfiguration}, &current); err != nil {
		return fmt.Errorf("get mutating webhook configuration: %w", err)
	}
	configs := make([]*admissionv1.WebhookClientConfig, len(current.Webhooks))
	before := current.DeepCopy()
	for i := range current.Webhooks {
		configs[i] = &current.Webhooks[i].ClientConfig
	}
	return s.publishTo(ctx, "mutating webhook configuration", before, &current, configs, bundle)
}

func (s *Source) publishValidating(ctx context.Context, bundle []byte) error {
	var current admissionv1.ValidatingWebhookConfiguration
	if err := s.client.Get(ctx, client.ObjectKey{Name: s.options.WebhookConfiguration}, &current); err != nil {
		return fmt.Errorf("get validating webhook configuration: %w", err)
	}
	configs := make([]*admissionv1.WebhookClientConfig, len(current.Webhooks))
	before := current.DeepCopy()
	for i := range current.Webhooks {
		configs[i] = &current.Webhooks[i].ClientConfig
	}
	return s.publishTo(ctx, "validating webhook configuration", before, &current, configs, bundle)
}

// publishTo sets the caBundle of configs, which are parts of current, and sends
// what differs from before.
//
// It is a strategic merge patch, which names webhooks by their name and of each
// the caBundle only. Server-side apply would do the same at first, but it makes
// us an owner of the list's entries: whoever installed them by server-side apply
// could then never drop one, because its name and caBundle would stay behind,
// and the API server refuses that as incomplete.
func (s *Source) publishTo(ctx context.Context, kind string, before, current client.Object, configs []*admissionv1.WebhookClientConfig, bundle []byte) error {
	differs := false
	for _, config := range configs {
		differs = differs || !bytes.Equal(config.CABundle, bundle)
		config.CABundle = bundle
	}
	if !differs {
		return nil
	}
	// A conflict if it changed since it was read: a webhook that was dropped in
	// between must not come back.
	patch := client.StrategicMergeFrom(before, client.MergeFromWithOptimisticLock{})
	if err := s.client.Patch(ctx, current, patch, client.FieldOwner(FieldManager)); err != nil {
		return fmt.Errorf("patch caBundle of %s: %w", kind, err)
	}
	s.log.Info("caBundle published", "kind", kind, "name", s.options.WebhookConfiguration)
	return nil
}
