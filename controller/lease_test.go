package controller

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// leaseAt is a lease whose clock a test sets.
func leaseAt(clock *time.Time) *Lease { return &Lease{now: func() time.Time { return *clock }} }

func TestNothingIsWrittenWithoutALease(t *testing.T) {
	clock := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l := leaseAt(&clock)
	writes := 0
	c := l.guard(interceptor.NewClient(fake.NewClientBuilder().Build(), interceptor.Funcs{
		Patch: func(ctx context.Context, _ client.WithWatch, _ client.Object, _ client.Patch, _ ...client.PatchOption) error {
			if deadline, ok := ctx.Deadline(); !ok || deadline.After(clock.Add(LeaseDuration)) {
				t.Errorf("the deadline of the write is %s (%v)", deadline, ok)
			}
			writes++
			return nil
		},
	}))
	write := func() error {
		return c.Patch(t.Context(), &autoscalingv2.HorizontalPodAutoscaler{}, client.RawPatch("", nil))
	}
	if err := write(); !errors.Is(err, errNotLeading) || writes != 0 {
		t.Errorf("%d writes before there is a lease: %v", writes, err)
	}
	renewed := time.Now().Round(0)
	clock = renewed
	l.renewed.Store(&renewed)
	if err := write(); err != nil || writes != 1 {
		t.Errorf("%d writes with a lease: %v", writes, err)
	}
	for _, age := range []time.Duration{RenewDeadline, time.Hour, -time.Second} {
		clock = renewed.Add(age)
		if err := write(); !errors.Is(err, errNotLeading) || writes != 1 {
			t.Errorf("%d writes %s after the renewal: %v", writes, age, err)
		}
	}
	if (*Lease)(nil).guard(c) != c {
		t.Error("without an election, writes are guarded")
	}
}

func TestWhatRenewsALease(t *testing.T) {
	for name, tc := range map[string]struct {
		method, path string
		status       int
		renews       bool
	}{
		"acquired":        {http.MethodPost, "/apis/coordination.k8s.io/v1/namespaces/n/leases", http.StatusCreated, true},
		"renewed":         {http.MethodPut, "/apis/coordination.k8s.io/v1/namespaces/n/leases/l", http.StatusOK, true},
		"read":            {http.MethodGet, "/apis/coordination.k8s.io/v1/namespaces/n/leases/l", http.StatusOK, false},
		"of another":      {http.MethodPut, "/apis/coordination.k8s.io/v1/namespaces/n/leases/l", http.StatusConflict, false},
		"an event of it":  {http.MethodPost, "/api/v1/namespaces/n/events", http.StatusCreated, false},
		"not the request": {http.MethodPut, "/apis/coordination.k8s.io/v1/namespaces/n/leases/l", http.StatusInternalServerError, false},
	} {
		t.Run(name, func(t *testing.T) {
			clock := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
			sent := clock
			l := leaseAt(&clock)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				clock = clock.Add(time.Second) // a slow answer
				w.WriteHeader(tc.status)
			}))
			defer server.Close()
			c, err := rest.HTTPClientFor(l.Observe(&rest.Config{}))
			if err != nil {
				t.Fatal(err)
			}
			req, err := http.NewRequestWithContext(t.Context(), tc.method, server.URL+tc.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := c.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if err := resp.Body.Close(); err != nil {
				t.Fatal(err)
			}
			if at := l.renewed.Load(); (at != nil) != tc.renews || at != nil && !at.Equal(sent) {
				t.Errorf("renewed at %v, sent at %s", at, sent)
			}
		})
	}
}
