package certs

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// readyGrace is how long after its first caBundle a new process waits before it
// calls itself ready, so that the API server has heard of it. It has to be no
// longer: before, nobody could call at all.
const readyGrace = time.Second

// selfSigned keeps certificates of our own making. The Secret is the source of
// truth; every replica does the same by it, leader or not.
type selfSigned struct {
	*serving
	options Options
	spec    Spec
	client  client.Client
	log     logr.Logger
	trust   trust // used by look alone

	pair      atomic.Pointer[Pair] // what is served
	published atomic.Pointer[publication]
}

// publication is that the authority of what is served stands in every caBundle,
// and from when on that can be relied on.
type publication struct{ readyFrom time.Time }

// look brings Secret, caBundle and memory in step, in this order: a leaf is
// served only when the API server has been told to trust its authority.
//
// The webhook configurations are read before the Secret. So the bundle that is
// written is never older than the one that it replaces: had another replica
// published a later one since, the write is a conflict; had it done so before,
// the Secret that is read afterwards is the later one too.
func (s *selfSigned) look(ctx context.Context) (next time.Time, err error) {
	configurations, unread := readConfigurations(ctx, s.client, s.options.WebhookConfiguration)
	if unread == nil {
		s.trust.observe(configurations.bundles(), s.options.Clock())
	} else {
		s.trust.observe(nil, s.options.Clock()) // unknown is not trusted
	}
	pair, err := s.ensureSecret(ctx)
	if err != nil {
		return time.Time{}, err
	}
	if Check(s.pair.Load(), s.options.Clock(), s.spec.Names) != nil {
		s.serve(pair) // there is nothing better to serve
	}
	if apierrors.IsNotFound(unread) {
		s.published.Store(nil)
	}
	if unread != nil {
		return time.Time{}, unread
	}
	if err := s.publish(ctx, configurations, pair.Bundle()); err != nil {
		return time.Time{}, err
	}
	s.serve(pair)
	return s.nextLook(pair), nil
}

func (s *selfSigned) nextLook(pair *Pair) time.Time {
	at := s.options.Clock()
	next := s.spec.NextLook(pair, at)
	if settles, ok := s.trust.next(at, s.options.Grace); ok && settles.Before(next) {
		next = settles
	}
	return next
}

func (s *selfSigned) serve(pair *Pair) {
	if before := s.pair.Swap(pair); before != nil && before.Leaf.Leaf.Equal(pair.Leaf.Leaf) {
		return
	}
	s.serving.serve(&pair.Leaf, pair.Authority.Certificate)
	s.log.Info("serving certificate", "notAfter", pair.Leaf.Leaf.NotAfter, "serial", pair.Leaf.Leaf.SerialNumber.Text(16))
}

func (s *selfSigned) publish(ctx context.Context, to configurations, bundle []byte) error {
	if by := to.injector(); by != "" {
		return errors.New("publish caBundle: " + by + ": remove it, or run with --cert-mode=cert-manager")
	}
	written, err := to.publish(ctx, s.client, bundle)
	for _, kind := range written {
		s.log.Info("caBundle published", "kind", kind, "name", s.options.WebhookConfiguration)
	}
	if err != nil {
		return err
	}
	if s.published.Load() == nil {
		first := &publication{readyFrom: s.options.Clock()}
		if len(written) > 0 {
			first.readyFrom = first.readyFrom.Add(min(readyGrace, s.options.Grace))
		}
		s.published.Store(first)
	}
	return nil
}

// ready tells why a call by the API server would fail.
func (s *selfSigned) ready() error {
	at := s.options.Clock()
	if err := Check(s.pair.Load(), at, s.spec.Names); err != nil {
		return fmt.Errorf("serve certificate: %w", err)
	}
	switch published := s.published.Load(); {
	case published == nil:
		return errors.New("serve certificate: its authority is not published in the webhook configurations")
	case at.Before(published.readyFrom):
		return errors.New("serve certificate: its authority was published only now")
	}
	return nil
}
