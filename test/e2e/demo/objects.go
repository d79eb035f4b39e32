package main

import (
	"context"
	"errors"
	"fmt"
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

// readsMetric returns nil if the autoscaler requests the metric of the scenario.
func (d *demo) readsMetric(ctx context.Context) error {
	hpa, err := d.hpa(ctx)
	if err != nil {
		return err
	}
	if got := objectMetric(hpa); got == nil || got.Metric.Name != d.scenario.metric {
		return fmt.Errorf("the autoscaler does not read the metric %s", d.scenario.metric)
	}
	return nil
}

func objectMetric(hpa *autoscalingv2.HorizontalPodAutoscaler) *autoscalingv2.ObjectMetricSource {
	for _, m := range hpa.Spec.Metrics {
		if m.Object != nil {
			return m.Object
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
	hpa, err := d.hpa(ctx)
	if err != nil {
		return r, err
	}
	if m := objectMetric(hpa); m != nil && m.Target.Value != nil {
		r.target = m.Target.Value.AsApproximateFloat64()
	}
	r.ready = deployment.Status.ReadyReplicas
	if deployment.Spec.Replicas != nil {
		r.desired = *deployment.Spec.Replicas
	}
	if value, err := d.Latency(ctx, d.scenario.metric); err != nil {
		r.why = err
	} else {
		r.latency = &value
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
