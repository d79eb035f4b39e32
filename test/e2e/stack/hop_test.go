package stack

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestAwait(t *testing.T) {
	t.Run("until it is right", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			looks := 0
			err := await(t.Context(), Rule, time.Minute, func(context.Context) error {
				if looks++; looks < 3 {
					return errors.New("not yet")
				}
				return nil
			})
			if err != nil || looks != 3 {
				t.Errorf("error %v after %d checks, want none after 3", err, looks)
			}
		})
	})
	t.Run("no longer than the bound", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			err := await(t.Context(), Rule, time.Minute, func(ctx context.Context) error {
				if ctx.Err() != nil {
					return ctx.Err() // like a cancelled client
				}
				return errors.New("still wrong")
			})
			want := `failed at the hop "adapter rule": waited 1m0s: still wrong`
			if err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
			if took := time.Since(begin); took != time.Minute {
				t.Errorf("took %s, want 1m", took)
			}
		})
	})
	t.Run("no longer when something has died", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			err := await(t.Context(), Rule, time.Minute, func(context.Context) error { return At(Prometheus, errors.New("killed")) })
			want := `failed at the hop "prometheus scrape": killed`
			if err == nil || err.Error() != want || time.Since(begin) != 0 {
				t.Errorf("error %v after %s, want %s at once", err, time.Since(begin), want)
			}
		})
	})
	t.Run("not after an interrupt", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(errors.New("enough")) })
			err := await(ctx, Rule, time.Minute, func(context.Context) error { return errors.New("wrong") })
			want := `failed at the hop "adapter rule": enough, while waiting: wrong`
			if err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
		})
	})
}

func TestTheFirstNamedHopStays(t *testing.T) {
	err := At(HPA, fmt.Errorf("look: %w", At(Webhook, errors.New("gone"))))
	var named *HopError
	if !errors.As(err, &named) || named.Hop != Webhook {
		t.Errorf("error %v, want the webhook named", err)
	}
	if At(HPA, nil) != nil {
		t.Error("no error became one")
	}
}
