package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	custommetrics "k8s.io/metrics/pkg/apis/custom_metrics/v1beta1"

	"github.com/kong-latency/kong-latency/test/controlplane"
)

// metricsAPI is the version of the custom metrics API that is registered.
const metricsAPI = "/apis/custom.metrics.k8s.io/v1beta1"

// kubectl runs kubectl at the root of the repository and returns what it
// printed, warnings and errors included. With visible the user sees both.
func (s *stack) kubectl(ctx context.Context, visible bool, args ...string) (string, error) {
	return s.kubectlWith(ctx, "", visible, args...)
}

// kubectlWith is kubectl with something to read from its standard input.
func (s *stack) kubectlWith(ctx context.Context, input string, visible bool, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.cp.Binary("kubectl"), args...)
	cmd.Dir = controlplane.RepoRoot()
	cmd.Env = []string{"KUBECONFIG=" + s.cp.Kubeconfig(), "HOME=" + s.cp.Dir(), "PATH=" + os.Getenv("PATH")}
	cmd.Stdin = strings.NewReader(input)
	output, err := cmd.CombinedOutput()
	if visible {
		s.out.command("kubectl "+strings.Join(args, " "), string(output))
	}
	if err != nil {
		return string(output), fmt.Errorf("run kubectl %s: %w: %s", args[0], err, strings.TrimSpace(string(output)))
	}
	return string(output), nil
}

// metrics lists what the custom metrics API offers.
func (s *stack) metrics(ctx context.Context) (*metav1.APIResourceList, error) {
	var list metav1.APIResourceList
	return &list, s.get(ctx, metricsAPI, &list)
}

// get reads JSON from a path of the API server. If the server says what is
// wrong, the error does too.
func (s *stack) get(ctx context.Context, path string, into any) error {
	result := s.core.Discovery().RESTClient().Get().AbsPath(path).Do(ctx)
	if err := result.Error(); err != nil {
		return fmt.Errorf("get %s: %w", path, err)
	}
	raw, err := result.Raw()
	if err != nil {
		return fmt.Errorf("get %s: %w", path, err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("decode %s: %w", path, err)
	}
	return nil
}

// listed is whether the rule makes the metric of series that Prometheus has.
func (s *stack) listed(ctx context.Context) error {
	list, err := s.metrics(ctx)
	if err != nil {
		return err
	}
	for _, r := range list.APIResources {
		if r.Name == "services/"+s.scenario.metric && r.Namespaced {
			return nil
		}
	}
	return fmt.Errorf("no rule makes services/%s of the series that Prometheus has", s.scenario.metric)
}

// latency asks the metrics API as the autoscaler does.
func (s *stack) latency(ctx context.Context) (*float64, error) {
	path := fmt.Sprintf("%s/namespaces/%s/services/%s/%s", metricsAPI, echo.Namespace, echo.Name, s.scenario.metric)
	var list custommetrics.MetricValueList
	if err := s.get(ctx, path, &list); err != nil {
		return nil, err
	}
	if len(list.Items) != 1 {
		return nil, fmt.Errorf("get %s: it has %d values, not one", path, len(list.Items))
	}
	return new(list.Items[0].Value.AsApproximateFloat64()), nil
}

func (s *stack) hpa(ctx context.Context) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	return s.core.AutoscalingV2().HorizontalPodAutoscalers(echo.Namespace).Get(ctx, echo.Name, metav1.GetOptions{})
}

// attached is whether the autoscaler exists.
func (s *stack) attached(ctx context.Context) error {
	_, err := s.hpa(ctx)
	return err
}

// readsMetric is whether the autoscaler asks for the metric of the scenario.
func (s *stack) readsMetric(ctx context.Context) error {
	hpa, err := s.hpa(ctx)
	if err != nil {
		return err
	}
	if got := objectMetric(hpa); got == nil || got.Metric.Name != s.scenario.metric {
		return fmt.Errorf("the autoscaler does not read the metric %s", s.scenario.metric)
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

// active is whether the autoscaler has got a value.
func (s *stack) active(ctx context.Context) error {
	hpa, err := s.hpa(ctx)
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

// ready is whether the sample's one pod is.
func (s *stack) ready(ctx context.Context) error {
	r, err := s.read(ctx)
	if err != nil {
		return err
	}
	return atMinimum([]reading{r})
}

// read takes a reading. That there is no latency is no error.
func (s *stack) read(ctx context.Context) (reading, error) {
	r := reading{at: time.Now()}
	deployment, err := s.core.AppsV1().Deployments(echo.Namespace).Get(ctx, echo.Name, metav1.GetOptions{})
	if err != nil {
		return r, err
	}
	hpa, err := s.hpa(ctx)
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
	r.latency, r.why = s.latency(ctx)
	return r, nil
}

// rescaleEvents lists the events of the autoscaler.
func (s *stack) rescaleEvents(ctx context.Context) ([]corev1.Event, error) {
	list, err := s.core.CoreV1().Events(echo.Namespace).List(ctx, metav1.ListOptions{
		FieldSelector: "involvedObject.kind=HorizontalPodAutoscaler,involvedObject.name=" + echo.Name + ",reason=SuccessfulRescale",
	})
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return list.Items, nil
}
