package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/test/e2e/stack"
)

// echo is the name of the sample's Deployment, Service and autoscaler.
var echo = stack.Echo

// kubectl runs kubectl at the root of the repository and returns what it
// printed, warnings and errors included. With visible the user sees both.
func (d *demo) kubectl(ctx context.Context, visible bool, args ...string) (string, error) {
	return d.kubectlWith(ctx, "", visible, args...)
}

// kubectlWith is kubectl with standard input.
func (d *demo) kubectlWith(ctx context.Context, input string, visible bool, args ...string) (string, error) {
	output, err := d.Stack.Kubectl(ctx, input, args...)
	if visible {
		d.out.command("kubectl "+strings.Join(args, " "), output)
	}
	return output, err
}

func (d *demo) hpa(ctx context.Context) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	return d.Core().AutoscalingV2().HorizontalPodAutoscalers(echo.Namespace).Get(ctx, echo.Name, metav1.GetOptions{})
}

// attached returns nil if the autoscaler exists.
func (d *demo) attached(ctx context.Context) error {
	_, err := d.hpa(ctx)
	return err
}

// specified returns nil if the autoscaler has the metrics and the profile of the scenario.
func (d *demo) specified(ctx context.Context) error {
	hpa, err := d.hpa(ctx)
	if err != nil {
		return err
	}
	var metrics []string
	for _, m := range hpa.Spec.Metrics {
		if m.Object != nil {
			metrics = append(metrics, m.Object.Metric.Name)
		}
	}
	if want := d.scenario.metrics; !slices.Equal(metrics, want) {
		return fmt.Errorf("the autoscaler has the metrics %q, not %q", metrics, want)
	}
	b := hpa.Spec.Behavior
	if b == nil || b.ScaleDown == nil || b.ScaleDown.StabilizationWindowSeconds == nil {
		return errors.New("the autoscaler has no behavior")
	}
	if got := time.Duration(*b.ScaleDown.StabilizationWindowSeconds) * time.Second; got != d.scenario.scaleIn {
		return fmt.Errorf("the autoscaler scales in after %s, not %s", got, d.scenario.scaleIn)
	}
	return nil
}

// listed returns nil if the adapter makes all metrics of the scenario.
func (d *demo) listed(ctx context.Context) error {
	for _, metric := range d.scenario.metrics {
		if err := d.Listed(ctx, metric); err != nil {
			return err
		}
	}
	return nil
}

// active returns nil if the autoscaler has a value.
func (d *demo) active(ctx context.Context) error {
	hpa, err := d.hpa(ctx)
	if err != nil {
		return err
	}
	for _, c := range hpa.Status.Conditions {
		if c.Type != autoscalingv2.ScalingActive {
			continue
		}
		if c.Status != corev1.ConditionTrue {
			return fmt.Errorf("%s: %s", c.Reason, c.Message)
		}
		return nil
	}
	return errors.New("it says nothing about ScalingActive")
}

// ready returns nil if the sample's only pod is ready.
func (d *demo) ready(ctx context.Context) error {
	r, err := d.read(ctx)
	if err != nil {
		return err
	}
	return atMinimum([]reading{r})
}

// read returns a reading. A missing latency is not an error.
func (d *demo) read(ctx context.Context) (reading, error) {
	r := reading{at: time.Now()}
	deployment, err := d.Core().AppsV1().Deployments(echo.Namespace).Get(ctx, echo.Name, metav1.GetOptions{})
	if err != nil {
		return r, err
	}
	r.ready = deployment.Status.ReadyReplicas
	if deployment.Spec.Replicas != nil {
		r.desired = *deployment.Spec.Replicas
	}
	if value, err := d.Value(ctx, d.scenario.metrics[0]); err != nil {
		r.why = err
	} else {
		r.latency = &value
	}
	if len(d.scenario.metrics) > 1 {
		if value, err := d.Value(ctx, d.scenario.metrics[1]); err == nil {
			r.load = &value
		}
	}
	return r, nil
}

// rescaleEvents lists the events of the autoscaler.
func (d *demo) rescaleEvents(ctx context.Context) ([]corev1.Event, error) {
	list, err := d.Core().CoreV1().Events(echo.Namespace).List(ctx, metav1.ListOptions{
		FieldSelector: "involvedObject.kind=HorizontalPodAutoscaler,involvedObject.name=" + echo.Name + ",reason=SuccessfulRescale",
	})
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return list.Items, nil
}
