package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/test/controlplane"
)

// component is one of the product's Deployments, run as a process here: with
// its arguments, and with the rights of its service account and no others.
type component struct {
	name       string // its subcommand
	deployment appsv1.Deployment
	webhook    int // ports on loopback
	probes     int
}

// startProduct applies the shipped manifests and runs what they would run.
func (s *stack) startProduct(ctx context.Context) (string, error) {
	objs, err := controlplane.Render("config/default")
	if err != nil {
		return "", at(hopManifests, err)
	}
	applied, components, err := split(objs)
	if err != nil {
		return "", at(hopManifests, err)
	}
	for _, c := range components {
		if c.name == "webhook" {
			controlplane.Loopback(applied, fmt.Sprintf("https://127.0.0.1:%d", c.webhook))
		}
	}
	if err := s.applyObjects(ctx, applied); err != nil {
		return "", at(hopManifests, err)
	}
	for _, c := range components {
		if err := s.startComponent(ctx, c); err != nil {
			return "", at(hop(c.name), err)
		}
	}
	for _, c := range components {
		err := s.await(ctx, hop(c.name), 30*time.Second, func(ctx context.Context) error {
			return get(ctx, fmt.Sprintf("http://127.0.0.1:%d/readyz", c.probes))
		})
		if err != nil {
			return "", err
		}
	}
	return "webhook and controller", s.await(ctx, hopWebhook, 15*time.Second, s.admits)
}

// split takes the Deployments, which run as processes here, out of the
// manifests.
func split(objs []*unstructured.Unstructured) (applied []*unstructured.Unstructured, components []component, err error) {
	for _, obj := range objs {
		if obj.GetKind() != "Deployment" {
			applied = append(applied, obj)
			continue
		}
		var c component
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, &c.deployment); err != nil {
			return nil, nil, fmt.Errorf("decode Deployment %s: %w", obj.GetName(), err)
		}
		containers := c.deployment.Spec.Template.Spec.Containers
		if len(containers) != 1 || len(containers[0].Args) == 0 {
			return nil, nil, fmt.Errorf("read Deployment %s: want one container with a subcommand", obj.GetName())
		}
		c.name = containers[0].Args[0]
		if c.webhook, err = controlplane.FreePort(); err != nil {
			return nil, nil, err
		}
		if c.probes, err = controlplane.FreePort(); err != nil {
			return nil, nil, err
		}
		components = append(components, c)
	}
	if len(components) == 0 {
		return nil, nil, errors.New("read manifests: there is no Deployment among them")
	}
	return applied, components, nil
}

func (s *stack) applyObjects(ctx context.Context, objs []*unstructured.Unstructured) error {
	var text bytes.Buffer
	for _, obj := range objs {
		doc, err := yaml.Marshal(obj.Object)
		if err != nil {
			return fmt.Errorf("encode %s %s: %w", obj.GetKind(), obj.GetName(), err)
		}
		text.WriteString("---\n")
		text.Write(doc)
	}
	file := filepath.Join(s.cp.Dir(), "product.yaml")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write manifests: %w", err)
	}
	_, err := s.kubectl(ctx, false, "apply", "--server-side", "-f", file)
	return err
}

func (s *stack) startComponent(ctx context.Context, c component) error {
	pod, namespace := c.deployment.Spec.Template.Spec, c.deployment.Namespace
	kubeconfig, err := s.serviceAccount(ctx, namespace, pod.ServiceAccountName)
	if err != nil {
		return err
	}
	args := append(slices.Clone(pod.Containers[0].Args),
		"--kubeconfig="+kubeconfig,
		"--namespace="+namespace,
		"--metrics-bind-address=0",
		fmt.Sprintf("--health-probe-bind-address=127.0.0.1:%d", c.probes),
	)
	if c.name != "controller" {
		args = append(args,
			fmt.Sprintf("--webhook-bind-address=127.0.0.1:%d", c.webhook),
			"--cert-dns-names=127.0.0.1")
	}
	cmd := exec.Command(s.cp.Binary("kong-latency"), args...)
	cmd.Env = []string{"HOME=" + s.cp.Dir()}
	return s.run(hop(c.name), c.name, cmd)
}

// tokenLife is longer than anybody will keep a demo running.
const tokenLife = 7 * 24 * time.Hour

// serviceAccount writes a kubeconfig with the rights of a service account.
func (s *stack) serviceAccount(ctx context.Context, namespace, name string) (string, error) {
	token, err := s.core.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(tokenLife.Seconds()))},
	}, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("get token of service account %s: %w", name, err)
	}
	config := s.cp.Config()
	file := filepath.Join(s.cp.Dir(), name+".kubeconfig")
	err = clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"demo": {Server: config.Host, CertificateAuthorityData: config.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{name: {Token: token.Status.Token}},
		Contexts:       map[string]*clientcmdapi.Context{"demo": {Cluster: "demo", AuthInfo: name}},
		CurrentContext: "demo",
	}, file)
	if err != nil {
		return "", fmt.Errorf("write kubeconfig of service account %s: %w", name, err)
	}
	return file, nil
}

// warnings collects what the API server warns of.
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

// admits is whether the API server asks the webhook, which may be a moment
// after the webhook is ready. Nothing is created.
func (s *stack) admits(ctx context.Context) error {
	var heard warnings
	config := s.cp.Config()
	config.WarningHandler = &heard
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	labels := map[string]string{"app": "probe"}
	_, err = client.AppsV1().Deployments(echo.Namespace).Create(ctx, &appsv1.Deployment{
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
