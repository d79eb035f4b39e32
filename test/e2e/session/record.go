package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/e2e/stack"
)

// sample is the manifest that is applied.
const sample = "config/samples/echo.yaml"

// recorder runs commands and records their output.
type recorder struct {
	*stack.Stack
	out strings.Builder
}

// record is the whole session.
func record(ctx context.Context, s *stack.Stack) (string, error) {
	r := &recorder{Stack: s}
	doctor := "kubectl latency doctor deployment/echo --prometheus-url " + s.PrometheusURL()
	load := s.Send(stack.Seed, bound)
	defer load.Stop()
	for _, step := range []func() error{
		func() error { return r.say("What would be attached?") },
		func() error { return r.run(ctx, "kubectl latency render -f "+sample) },
		func() error { return r.say("A typo is found before it is applied:") },
		func() error { return r.run(ctx, `sed 's/"40"/"40ms"/' `+sample+` | kubectl latency lint -f -`) },
		func() error { _, err := s.Kubectl(ctx, "", "apply", "-f", sample); return err },
		func() error { return r.say("The behavior of Kong's guide, which follows the latency within seconds:") },
		func() error {
			return r.run(ctx, "kubectl latency set deployment/echo --target-ms 40 --behavior responsive")
		},
		func() error { return s.Flowing(ctx, load) },
		func() error { return s.Await(ctx, stack.HPA, 2*time.Minute, r.steady) },
		func() error { return r.say("In the cluster, as it runs under load:") },
		func() error { return r.run(ctx, "kubectl latency get") },
		func() error { return r.say("Somebody deletes the ServiceMonitor.") },
		func() error { return r.run(ctx, "kubectl delete servicemonitor gateway-operator -n kong-system") },
		func() error { return s.Await(ctx, stack.HPA, 4*time.Minute, r.valueless) },
		func() error { return r.say("A minute later the autoscaler has no value any more. What is wrong?") },
		func() error { return r.run(ctx, doctor) },
		func() error { return r.say("Apply the fix:") },
		func() error { return r.run(ctx, doctor+" --fix | kubectl apply -f -") },
		func() error { return s.Await(ctx, stack.Prometheus, time.Minute, s.Scraped) },
		func() error { return s.Await(ctx, stack.HPA, 2*time.Minute, r.steady) },
		func() error { return r.run(ctx, doctor) },
	} {
		if err := step(); err != nil {
			return "", err
		}
	}
	return "\n" + plain(r.out.String()), nil
}

func (r *recorder) say(text string) error {
	_, err := fmt.Fprintf(&r.out, "%s\n\n", text)
	return err
}

// run runs a line in a shell at the root of the repository, and records its output. Exit
// code 1 only means that there are findings.
func (r *recorder) run(ctx context.Context, line string) error {
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir = controlplane.RepoRoot()
	path := strings.Join([]string{filepath.Dir(r.Binary("kubectl")), filepath.Join(controlplane.RepoRoot(), "bin"), os.Getenv("PATH")}, string(os.PathListSeparator))
	cmd.Env = []string{"KUBECONFIG=" + r.Kubeconfig(), "HOME=" + r.Dir(), "PATH=" + path}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return fmt.Errorf("run %s: %w: %s", line, err, out.String())
	}
	_, err := fmt.Fprintf(&r.out, "```console\n$ %s\n%s```\n\n", line, out.String())
	return err
}

// valueless returns nil if the autoscaler has no value of its metric.
func (r *recorder) valueless(ctx context.Context) error {
	var h autoscalingv2.HorizontalPodAutoscaler
	if err := r.Admin().Get(ctx, client.ObjectKey{Namespace: stack.Echo.Namespace, Name: stack.Echo.Name}, &h); err != nil {
		return err
	}
	for _, c := range h.Status.Conditions {
		if c.Type == autoscalingv2.ScalingActive && c.Reason == "FailedGetObjectMetric" {
			return nil
		}
	}
	return errors.New("it still has one")
}

// steady returns nil if the autoscaler is at its maximum and wants no change.
func (r *recorder) steady(ctx context.Context) error {
	var h autoscalingv2.HorizontalPodAutoscaler
	if err := r.Admin().Get(ctx, client.ObjectKey{Namespace: stack.Echo.Namespace, Name: stack.Echo.Name}, &h); err != nil {
		return err
	}
	if h.Status.CurrentReplicas != h.Spec.MaxReplicas || h.Status.DesiredReplicas != h.Spec.MaxReplicas {
		return fmt.Errorf("it has %d replicas and wants %d", h.Status.CurrentReplicas, h.Status.DesiredReplicas)
	}
	for _, c := range h.Status.Conditions {
		if c.Type == autoscalingv2.AbleToScale && c.Reason != "ReadyForNewScale" {
			return fmt.Errorf("%s says %s", c.Type, c.Reason)
		}
		if c.Type == autoscalingv2.ScalingActive && c.Reason != "ValidMetricFound" {
			return fmt.Errorf("%s says %s", c.Type, c.Reason)
		}
	}
	return nil
}
