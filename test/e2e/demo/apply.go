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
	// denial is part of kubectl's output when the webhook refuses.
	denial = "denied the request: autoscaling by latency cannot work"
	// announcement is the beginning of the warning that announces what will be done.
	announcement = "Warning: kong-latency: will "
)

// apply does what a user does, and shows the resulting autoscaler.
func (d *demo) apply(ctx context.Context) error {
	fix, err := d.refused(ctx)
	if err != nil {
		return err
	}
	if err := d.fix(ctx, fix); err != nil {
		return err
	}
	d.out.blank()
	d.out.title("Apply it again:")
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
		d.out.blank()
		d.out.title(d.scenario.because)
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
	if err := d.Await(ctx, stack.Controller, 20*time.Second, d.specified); err != nil {
		return err
	}
	_, err = d.kubectl(ctx, true, "get", "hpa", "echo")
	return stack.At(stack.Controller, err)
}

// refused applies the sample while the ServiceMonitor is missing, and returns the YAML
// at the end of the denial.
func (d *demo) refused(ctx context.Context) (string, error) {
	d.out.blank()
	d.out.title("The echo application with one annotation. The ServiceMonitor of Kong's guide is missing:")
	output, err := d.kubectl(ctx, true, "apply", "-f", sample)
	for again := 0; err == nil && again < 3; again++ {
		// The Service is created a moment before, and the webhook may not have seen it.
		d.out.title("The webhook had not seen the Service yet, so apply it again:")
		if _, err := d.kubectl(ctx, false, "delete", "deployment", "echo"); err != nil {
			return "", stack.At(stack.Webhook, err)
		}
		output, err = d.kubectl(ctx, true, "apply", "-f", sample)
	}
	switch {
	case ctx.Err() != nil:
		return "", stack.At(stack.Webhook, context.Cause(ctx))
	case err == nil:
		return "", stack.At(stack.Webhook, errors.New("the sample was admitted, although Prometheus does not scrape the latency"))
	case !strings.Contains(output, denial):
		return "", stack.At(stack.Webhook, fmt.Errorf("kubectl apply failed, but the webhook has not refused: %w", err))
	}
	fix, ok := fixIn(output)
	if !ok {
		return "", stack.At(stack.Webhook, errors.New("the denial does not end with YAML after a line ---"))
	}
	return fix, nil
}

// fixIn extracts the YAML from kubectl's output: everything after the first line ---.
func fixIn(output string) (string, bool) {
	_, fix, ok := strings.Cut(output, "\n---\n")
	return fix, ok && strings.TrimSpace(fix) != ""
}

// fix applies the fix, and waits until it is effective.
func (d *demo) fix(ctx context.Context, manifest string) error {
	d.out.title("The denial ends with the fix. Everything from --- on is applied unchanged:")
	if _, err := d.kubectlWith(ctx, manifest, true, "apply", "-f", "-"); err != nil {
		return stack.At(stack.Manifests, err)
	}
	return d.out.step("the fix becomes effective", func() (string, error) {
		if err := d.Await(ctx, stack.Prometheus, 15*time.Second, d.Targeted); err != nil {
			return "", err
		}
		return "Prometheus scrapes Kong Operator", d.Await(ctx, stack.Webhook, 15*time.Second, func(ctx context.Context) error {
			_, err := d.kubectl(ctx, false, "apply", "--dry-run=server", "-f", sample)
			return err
		})
	})
}

// show runs kubectl visibly. The webhook must have announced the result.
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
