package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// sample is what the demo applies, as a user would from the repository's root.
const sample = "config/samples/echo.yaml"

const (
	// refusal stands in what kubectl prints when a webhook refuses.
	refusal = "denied the request: kong-latency"
	// announcement begins the webhook's line about what will be done, which
	// kubectl prints as a warning.
	announcement = "Warning: kong-latency: will "
)

// apply does what the user does, and shows the autoscaler that comes of it.
func (s *stack) apply(ctx context.Context) error {
	fix, err := s.refused(ctx)
	if err != nil {
		return err
	}
	if err := s.mend(ctx, fix); err != nil {
		return err
	}
	s.out.blank()
	s.out.title("And once more:")
	if err := s.show(ctx, "apply", "-f", sample); err != nil {
		return err
	}
	err = s.out.step("the autoscaler appears", func() (string, error) {
		return "", s.await(ctx, hopController, 20*time.Second, s.attached)
	})
	if err != nil {
		return err
	}
	if s.scenario.annotate != "" {
		if err := s.show(ctx, "annotate", "deployment", "echo", s.scenario.annotate); err != nil {
			return err
		}
	}
	err = s.out.step("its pod is ready", func() (string, error) {
		return "", s.await(ctx, hopPods, 30*time.Second, s.ready)
	})
	if err != nil {
		return err
	}
	if err := s.await(ctx, hopController, 20*time.Second, s.readsMetric); err != nil {
		return err
	}
	_, err = s.kubectl(ctx, true, "get", "hpa", "echo")
	return at(hopController, err)
}

// refused applies the sample while the ServiceMonitor is missing, and returns the
// YAML with which the refusal ends.
func (s *stack) refused(ctx context.Context) (string, error) {
	s.out.blank()
	s.out.title("The echo application with the one annotation. Of Kong's guide, the ServiceMonitor was forgotten:")
	output, err := s.kubectl(ctx, true, "apply", "-f", sample)
	switch {
	case ctx.Err() != nil:
		return "", at(hopWebhook, context.Cause(ctx))
	case err == nil:
		return "", at(hopWebhook, errors.New("the sample was admitted, although nothing has Prometheus scrape the latency"))
	case !strings.Contains(output, refusal):
		return "", at(hopWebhook, fmt.Errorf("kubectl apply failed, but the webhook has not refused: %w", err))
	}
	fix, ok := fixIn(output)
	if !ok {
		return "", at(hopWebhook, errors.New("the refusal does not end with YAML after a line ---"))
	}
	return fix, nil
}

// fixIn cuts the YAML out of what kubectl printed: all that follows the first line
// ---.
func fixIn(output string) (string, bool) {
	_, fix, ok := strings.Cut(output, "\n---\n")
	return fix, ok && strings.TrimSpace(fix) != ""
}

// mend applies the fix, and waits until everybody has taken notice.
func (s *stack) mend(ctx context.Context, fix string) error {
	s.out.title("The refusal ends with what mends it. That, from --- on, is applied as it stands:")
	if _, err := s.kubectlWith(ctx, fix, true, "apply", "-f", "-"); err != nil {
		return at(hopManifests, err)
	}
	return s.out.step("the fix takes effect", func() (string, error) {
		if err := s.await(ctx, hopPrometheus, 15*time.Second, s.targeted); err != nil {
			return "", err
		}
		return "Prometheus scrapes Kong Operator", s.await(ctx, hopWebhook, 15*time.Second, func(ctx context.Context) error {
			_, err := s.kubectl(ctx, false, "apply", "--dry-run=server", "-f", sample)
			return err
		})
	})
}

// show runs kubectl before the user's eyes. The webhook must have announced
// what comes of it.
func (s *stack) show(ctx context.Context, args ...string) error {
	output, err := s.kubectl(ctx, true, args...)
	if err != nil {
		return at(hopWebhook, err)
	}
	if !strings.Contains(output, announcement) {
		return at(hopWebhook, fmt.Errorf("kubectl %s printed no %q that says what will be attached", args[0], announcement))
	}
	return nil
}
