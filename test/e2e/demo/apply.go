package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kong-latency/kong-latency/test/e2e/stack"
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
func (d *demo) apply(ctx context.Context) error {
	fix, err := d.refused(ctx)
	if err != nil {
		return err
	}
	if err := d.mend(ctx, fix); err != nil {
		return err
	}
	d.out.blank()
	d.out.title("And once more:")
	if err := d.show(ctx, "apply", "-f", sample); err != nil {
		return err
	}
	err = d.out.step("the autoscaler appears", func() (string, error) {
		return "", d.Await(ctx, stack.Controller, 20*time.Second, d.attached)
	})
	if err != nil {
		return err
	}
	if d.scenario.annotate != "" {
		if err := d.show(ctx, "annotate", "deployment", "echo", d.scenario.annotate); err != nil {
			return err
		}
	}
	err = d.out.step("its pod is ready", func() (string, error) {
		return "", d.Await(ctx, stack.Pods, 30*time.Second, d.ready)
	})
	if err != nil {
		return err
	}
	if err := d.Await(ctx, stack.Controller, 20*time.Second, d.readsMetric); err != nil {
		return err
	}
	_, err = d.kubectl(ctx, true, "get", "hpa", "echo")
	return stack.At(stack.Controller, err)
}

// refused applies the sample while the ServiceMonitor is missing, and returns the
// YAML with which the refusal ends.
func (d *demo) refused(ctx context.Context) (string, error) {
	d.out.blank()
	d.out.title("The echo application with the one annotation. Of Kong's guide, the ServiceMonitor was forgotten:")
	output, err := d.kubectl(ctx, true, "apply", "-f", sample)
	for again := 0; err == nil && again < 3; again++ {
		// Its Service comes a moment before it, and the webhook may see that a moment later.
		d.out.title("The webhook has not seen the Service in time, so once more:")
		if _, err := d.kubectl(ctx, false, "delete", "deployment", "echo"); err != nil {
			return "", stack.At(stack.Webhook, err)
		}
		output, err = d.kubectl(ctx, true, "apply", "-f", sample)
	}
	switch {
	case ctx.Err() != nil:
		return "", stack.At(stack.Webhook, context.Cause(ctx))
	case err == nil:
		return "", stack.At(stack.Webhook, errors.New("the sample was admitted, although nothing has Prometheus scrape the latency"))
	case !strings.Contains(output, refusal):
		return "", stack.At(stack.Webhook, fmt.Errorf("kubectl apply failed, but the webhook has not refused: %w", err))
	}
	fix, ok := fixIn(output)
	if !ok {
		return "", stack.At(stack.Webhook, errors.New("the refusal does not end with YAML after a line ---"))
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
func (d *demo) mend(ctx context.Context, fix string) error {
	d.out.title("The refusal ends with what mends it. That, from --- on, is applied as it stands:")
	if _, err := d.kubectlWith(ctx, fix, true, "apply", "-f", "-"); err != nil {
		return stack.At(stack.Manifests, err)
	}
	return d.out.step("the fix takes effect", func() (string, error) {
		if err := d.Await(ctx, stack.Prometheus, 15*time.Second, d.Targeted); err != nil {
			return "", err
		}
		return "Prometheus scrapes Kong Operator", d.Await(ctx, stack.Webhook, 15*time.Second, func(ctx context.Context) error {
			_, err := d.kubectl(ctx, false, "apply", "--dry-run=server", "-f", sample)
			return err
		})
	})
}

// show runs kubectl before the user's eyes. The webhook must have announced
// what comes of it.
func (d *demo) show(ctx context.Context, args ...string) error {
	output, err := d.kubectl(ctx, true, args...)
	if err != nil {
		return stack.At(stack.Webhook, err)
	}
	if !strings.Contains(output, announcement) {
		return stack.At(stack.Webhook, fmt.Errorf("kubectl %s printed no %q that says what will be attached", args[0], announcement))
	}
	return nil
}
