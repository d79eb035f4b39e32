package certs

import (
	"context"
	"errors"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Kubernetes cannot restrict create by name, hence the separate rule.
// +kubebuilder:rbac:groups="",namespace=kong-latency-system,resources=secrets,verbs=create
// +kubebuilder:rbac:groups="",namespace=kong-latency-system,resources=secrets,resourceNames=kong-latency-webhook-cert,verbs=get;list;update;watch

// storeAttempts bounds the retries when another replica wrote the Secret first. One
// would normally do; the rest is for many replicas.
const storeAttempts = 5

// ensureSecret returns the pair in the Secret, after creating or repairing it as
// Spec.Next says. Replicas that do so at the same time agree on one pair: the API
// server accepts one write, the others read it.
func (s *selfSigned) ensureSecret(ctx context.Context) (*Pair, error) {
	key := client.ObjectKey{Namespace: s.options.Namespace, Name: s.options.Secret}
	for range storeAttempts {
		pair, err := s.tryEnsureSecret(ctx, key)
		if !apierrors.IsAlreadyExists(err) && !apierrors.IsConflict(err) {
			return pair, err
		}
	}
	return nil, fmt.Errorf("write secret %s: others keep writing it", key)
}

func (s *selfSigned) tryEnsureSecret(ctx context.Context, key client.ObjectKey) (*Pair, error) {
	var secret corev1.Secret
	err := s.client.Get(ctx, key, &secret)
	missing := apierrors.IsNotFound(err)
	if err != nil && !missing {
		return nil, fmt.Errorf("get secret %s: %w", key, err)
	}
	stored, problem := Decode(secret.Data)
	if missing {
		problem = errors.New("there is no secret")
	}
	pair, reason, err := s.spec.Next(s.seen(stored), s.options.Clock())
	if err != nil || reason == "" {
		return pair, err
	}
	if problem != nil {
		reason = problem.Error() // more specific than that there is no pair
	}
	data, err := Encode(pair)
	if err != nil {
		return nil, err
	}
	if missing {
		err = s.client.Create(ctx, newSecret(key, data), client.FieldOwner(FieldManager))
	} else {
		if secret.Data == nil {
			secret.Data = map[string][]byte{}
		}
		maps.Copy(secret.Data, data)
		// With the resource version read, so that a change in between is a conflict.
		err = s.client.Update(ctx, &secret, client.FieldOwner(FieldManager))
	}
	if err != nil {
		return nil, fmt.Errorf("write secret %s: %w", key, err)
	}
	s.log.Info("certificates written", "secret", key.String(), "reason", reason,
		"authorities", len(pair.trusted()), "authorityNotAfter", pair.Authority.Certificate.NotAfter,
		"leafNotAfter", pair.Leaf.Leaf.NotAfter)
	return pair, nil
}

// seen returns the input of Spec.Next.
func (s *selfSigned) seen(stored *Pair) Seen {
	seen := Seen{Stored: stored, Served: s.pair.Load(), Settled: s.trust.settled(s.options.Clock(), s.options.Grace)}
	if s.options.WebhookConfiguration == "" && stored != nil {
		seen.Settled = stored.trusted() // there are no callers to wait for
	}
	return seen
}

func newSecret(key client.ObjectKey, data map[string][]byte) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: key.Namespace,
			Name:      key.Name,
			Labels:    map[string]string{"app.kubernetes.io/managed-by": "kong-latency"},
		},
		Type: corev1.SecretTypeTLS,
		Data: data,
	}
}
