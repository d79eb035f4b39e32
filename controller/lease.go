package controller

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The times of the leader election, which are controller-runtime's defaults: a lease
// that is not renewed for LeaseDuration can be acquired by another controller, and its
// holder gives up after RenewDeadline.
const (
	LeaseDuration = 15 * time.Second
	RenewDeadline = 10 * time.Second
	RetryPeriod   = 2 * time.Second
)

// errNotLeading is the error of writes without a lease.
var errNotLeading = errors.New("nothing is written: the lease has not been renewed, and another controller may be the leader")

// Lease knows how old the lease of this process is. A leader that was stopped, as by the
// freezer of a node or a suspended machine, goes on in the middle of what it did, while
// another has become the leader; it notices that at the next renewal only. So the age of
// the lease is checked before every write. A nil Lease, for a controller that elects no
// leader, allows every write.
type Lease struct {
	// now is the wall clock: the monotonic one may stand still on a suspended machine.
	now     func() time.Time
	renewed atomic.Pointer[time.Time]
}

// NewLease returns a lease that is not acquired yet.
func NewLease() *Lease {
	return &Lease{now: func() time.Time { return time.Now().Round(0) }}
}

// Observe returns a copy of config for the client of the leader election, whose successful
// writes of a lease renew l.
func (l *Lease) Observe(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return &observedRenewals{next, l} })
	return config
}

type observedRenewals struct {
	next  http.RoundTripper
	lease *Lease
}

// RoundTrip implements http.RoundTripper. A renewal counts from when it was sent.
func (o *observedRenewals) RoundTrip(req *http.Request) (*http.Response, error) {
	at := o.lease.now()
	resp, err := o.next.RoundTrip(req)
	writes := req.Method == http.MethodPut || req.Method == http.MethodPost
	if err == nil && writes && resp.StatusCode < http.StatusMultipleChoices && strings.Contains(req.URL.Path, "/leases") {
		o.lease.renewed.Store(&at)
	}
	return resp, err
}

// check returns an error if another controller may be the leader.
func (l *Lease) check() error {
	if l == nil {
		return nil
	}
	_, err := l.until()
	return err
}

// until is when the lease may no longer be relied on.
func (l *Lease) until() (time.Time, error) {
	renewed := l.renewed.Load()
	if renewed == nil {
		return time.Time{}, errNotLeading
	}
	now := l.now()
	if age := now.Sub(*renewed); age >= RenewDeadline || age < 0 {
		return time.Time{}, fmt.Errorf("%w; it was renewed %s ago", errNotLeading, age.Round(time.Second))
	}
	return renewed.Add(LeaseDuration), nil
}

// guard returns c with each write checked, and given up when the lease expires meanwhile.
func (l *Lease) guard(c client.Client) client.Client {
	if l == nil {
		return c
	}
	return &guardedClient{Client: c, lease: l}
}

func (l *Lease) write(ctx context.Context, do func(context.Context) error) error {
	until, err := l.until()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	return do(ctx)
}

// guardedClient writes only with a lease.
type guardedClient struct {
	client.Client
	lease *Lease
}

// Apply implements client.Writer.
func (c *guardedClient) Apply(ctx context.Context, o runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
	return c.lease.write(ctx, func(ctx context.Context) error { return c.Client.Apply(ctx, o, opts...) })
}

// Create implements client.Writer.
func (c *guardedClient) Create(ctx context.Context, o client.Object, opts ...client.CreateOption) error {
	return c.lease.write(ctx, func(ctx context.Context) error { return c.Client.Create(ctx, o, opts...) })
}

// Delete implements client.Writer.
func (c *guardedClient) Delete(ctx context.Context, o client.Object, opts ...client.DeleteOption) error {
	return c.lease.write(ctx, func(ctx context.Context) error { return c.Client.Delete(ctx, o, opts...) })
}

// DeleteAllOf implements client.Writer.
func (c *guardedClient) DeleteAllOf(ctx context.Context, o client.Object, opts ...client.DeleteAllOfOption) error {
	return c.lease.write(ctx, func(ctx context.Context) error { return c.Client.DeleteAllOf(ctx, o, opts...) })
}

// Update implements client.Writer.
func (c *guardedClient) Update(ctx context.Context, o client.Object, opts ...client.UpdateOption) error {
	return c.lease.write(ctx, func(ctx context.Context) error { return c.Client.Update(ctx, o, opts...) })
}

// Patch implements client.Writer.
func (c *guardedClient) Patch(ctx context.Context, o client.Object, patch client.Patch, opts ...client.PatchOption) error {
	return c.lease.write(ctx, func(ctx context.Context) error { return c.Client.Patch(ctx, o, patch, opts...) })
}

// Status implements client.StatusClient.
func (c *guardedClient) Status() client.SubResourceWriter {
	return &guardedStatus{c.Client.Status(), c.lease}
}

// guardedStatus writes statuses only with a lease.
type guardedStatus struct {
	client.SubResourceWriter
	lease *Lease
}

// Apply implements client.SubResourceWriter.
func (s *guardedStatus) Apply(ctx context.Context, o runtime.ApplyConfiguration, opts ...client.SubResourceApplyOption) error {
	return s.lease.write(ctx, func(ctx context.Context) error { return s.SubResourceWriter.Apply(ctx, o, opts...) })
}

// Create implements client.SubResourceWriter.
func (s *guardedStatus) Create(ctx context.Context, o, sub client.Object, opts ...client.SubResourceCreateOption) error {
	return s.lease.write(ctx, func(ctx context.Context) error { return s.SubResourceWriter.Create(ctx, o, sub, opts...) })
}

// Update implements client.SubResourceWriter.
func (s *guardedStatus) Update(ctx context.Context, o client.Object, opts ...client.SubResourceUpdateOption) error {
	return s.lease.write(ctx, func(ctx context.Context) error { return s.SubResourceWriter.Update(ctx, o, opts...) })
}

// Patch implements client.SubResourceWriter.
func (s *guardedStatus) Patch(ctx context.Context, o client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
	return s.lease.write(ctx, func(ctx context.Context) error { return s.SubResourceWriter.Patch(ctx, o, patch, opts...) })
}
