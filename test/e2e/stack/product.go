package stack

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/product"
)

// startProduct applies the shipped manifests and runs their processes.
func (s *Stack) startProduct(ctx context.Context) (string, error) {
	port, err := controlplane.FreePort()
	if err != nil {
		return "", At(Webhook, err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	if err := product.Install(ctx, s.admin, "https://"+address); err != nil {
		return "", At(Manifests, err)
	}
	var processes [2]*product.Process
	var errs [2]error
	var both sync.WaitGroup
	both.Go(func() { processes[0], errs[0] = product.Webhook(ctx, s.cp, address) })
	both.Go(func() { processes[1], errs[1] = product.Controller(ctx, s.cp, s.options.controllerFlags()...) })
	both.Wait()
	for i, h := range []Hop{Webhook, Controller} {
		if errs[i] != nil {
			return "", At(h, errs[i])
		}
		s.watched = append(s.watched, watched{h, processes[i].Process})
	}
	if s.options.Monitored {
		if err := s.monitorProduct(ctx, processes[0], processes[1]); err != nil {
			return "", At(Monitoring, err)
		}
	}
	return "webhook and controller", s.Await(ctx, Webhook, 15*time.Second, s.admits)
}

// warnings collects the warnings of the API server.
type warnings struct {
	mu   sync.Mutex
	text []string
}

// HandleWarningHeader implements rest.WarningHandler.
func (w *warnings) HandleWarningHeader(_ int, _, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, text)
}

// admits returns nil if the API server calls the webhook, which may be a moment after
// the webhook is ready. Nothing is created.
func (s *Stack) admits(ctx context.Context) error {
	var heard warnings
	config := s.cp.Config()
	config.WarningHandler = &heard
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	labels := map[string]string{"app": "probe"}
	_, err = client.AppsV1().Deployments(Echo.Namespace).Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "probe", Annotations: map[string]string{"kong.latency/target-ms": "40"}},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "probe", Image: "probe"}}},
			},
		},
	}, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return fmt.Errorf("try the webhook: %w", err)
	}
	if len(heard.text) == 0 {
		return errors.New("the API server does not ask the webhook: a tried annotated Deployment got no answer from it")
	}
	return nil
}
