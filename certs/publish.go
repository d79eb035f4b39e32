package certs

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	admissionapply "k8s.io/client-go/applyconfigurations/admissionregistration/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=mutatingwebhookconfigurations;validatingwebhookconfigurations,resourceNames=kong-latency,verbs=get;patch

// publish writes bundle as caBundle into every webhook of both configurations,
// where it is another. Nothing else of them is ours: server-side apply leaves
// the rest to who installed them.
//
// A field of a list's entry keeps the entry alive in server-side apply. Who
// drops one webhook of several by server-side apply must also take the entry
// from FieldManager, else what remains of it is refused as incomplete.
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
	name := s.options.WebhookConfiguration
	var current admissionv1.MutatingWebhookConfiguration
	if err := s.client.Get(ctx, client.ObjectKey{Name: name}, &current); err != nil {
		return fmt.Errorf("get mutating webhook configuration: %w", err)
	}
	// The resource version keeps the apply from creating what was deleted, and
	// from adding a webhook that was removed, since it was read.
	wanted := admissionapply.MutatingWebhookConfiguration(name).WithResourceVersion(current.ResourceVersion)
	differs := false
	for i := range current.Webhooks {
		webhook := &current.Webhooks[i]
		differs = differs || !bytes.Equal(webhook.ClientConfig.CABundle, bundle)
		// All of them, also those that are right: apply takes away what it is
		// not told again.
		wanted.WithWebhooks(admissionapply.MutatingWebhook().
			WithName(webhook.Name).
			WithClientConfig(admissionapply.WebhookClientConfig().WithCABundle(bundle...)))
	}
	return s.applyIf(ctx, differs, "mutating webhook configuration", wanted)
}

func (s *Source) publishValidating(ctx context.Context, bundle []byte) error {
	name := s.options.WebhookConfiguration
	var current admissionv1.ValidatingWebhookConfiguration
	if err := s.client.Get(ctx, client.ObjectKey{Name: name}, &current); err != nil {
		return fmt.Errorf("get validating webhook configuration: %w", err)
	}
	wanted := admissionapply.ValidatingWebhookConfiguration(name).WithResourceVersion(current.ResourceVersion)
	differs := false
	for i := range current.Webhooks {
		webhook := &current.Webhooks[i]
		differs = differs || !bytes.Equal(webhook.ClientConfig.CABundle, bundle)
		wanted.WithWebhooks(admissionapply.ValidatingWebhook().
			WithName(webhook.Name).
			WithClientConfig(admissionapply.WebhookClientConfig().WithCABundle(bundle...)))
	}
	return s.applyIf(ctx, differs, "validating webhook configuration", wanted)
}

func (s *Source) applyIf(ctx context.Context, differs bool, kind string, wanted runtime.ApplyConfiguration) error {
	if !differs {
		return nil
	}
	// Forced: whoever else claims caBundle cannot know our authority.
	if err := s.client.Apply(ctx, wanted, client.FieldOwner(FieldManager), client.ForceOwnership); err != nil {
		return fmt.Errorf("apply caBundle to %s: %w", kind, err)
	}
	s.log.Info("caBundle published", "kind", kind, "name", s.options.WebhookConfiguration)
	return nil
}
