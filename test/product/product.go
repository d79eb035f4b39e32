// Package product runs the shipped program against a control plane as a cluster
// would: with the shipped manifests, each process under its own service account.
// Only the way to the webhook is another, a loopback URL.
package product

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/controlplane"
)

// Namespace is where the shipped manifests put the product.
const Namespace = "kong-latency-system"

// Process is one running kong-latency.
type Process struct {
	*controlplane.Process
	// Metrics is the URL of its Prometheus metrics.
	Metrics string
	// Probes is the URL under which /healthz and /readyz are.
	Probes string
}

// Install applies the manifests of config/default, but for the Deployments, which
// run as processes here. The webhooks are called under webhookURL.
func Install(ctx context.Context, c client.Client, webhookURL string) error {
	objects, err := controlplane.Render(filepath.Join(controlplane.RepoRoot(), "config", "default"))
	if err != nil {
		return err
	}
	controlplane.Loopback(objects, webhookURL)
	for _, o := range objects {
		if o.GetKind() == "Deployment" {
			continue
		}
		if err := apply(ctx, c, o); err != nil {
			return fmt.Errorf("apply %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

func apply(ctx context.Context, c client.Client, o *unstructured.Unstructured) error {
	return c.Apply(ctx, client.ApplyConfigurationFromUnstructured(o),
		client.FieldOwner("kubectl"), client.ForceOwnership)
}

// Webhook starts `kong-latency webhook` on the address host:port that Install was
// given the URL of, and waits until it is ready.
func Webhook(ctx context.Context, cp *controlplane.ControlPlane, address string) (*Process, error) {
	return start(ctx, cp, "webhook", "kong-latency-webhook",
		"--webhook-bind-address="+address, "--cert-dns-names=127.0.0.1")
}

// Controller starts `kong-latency controller` and waits until it is ready.
func Controller(ctx context.Context, cp *controlplane.ControlPlane, flags ...string) (*Process, error) {
	return start(ctx, cp, "controller", "kong-latency-controller", flags...)
}

func start(ctx context.Context, cp *controlplane.ControlPlane, command, account string, flags ...string) (*Process, error) {
	kubeconfig, err := kubeconfigOf(ctx, cp, account)
	if err != nil {
		return nil, err
	}
	metrics, err := loopback()
	if err != nil {
		return nil, err
	}
	probes, err := loopback()
	if err != nil {
		return nil, err
	}
	args := append([]string{command, "--kubeconfig=" + kubeconfig, "--namespace=" + Namespace,
		"--metrics-bind-address=" + metrics, "--health-probe-bind-address=" + probes, "--log-format=text"}, flags...)
	p, err := cp.Run(command+filepath.Base(probes), exec.Command(filepath.Join(controlplane.RepoRoot(), "bin", "kong-latency"), args...))
	if err != nil {
		return nil, fmt.Errorf("start kong-latency %s: %w", command, err)
	}
	process := &Process{Process: p, Metrics: "http://" + metrics + "/metrics", Probes: "http://" + probes}
	if err := process.waitReady(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("wait for kong-latency %s: %w", command, err), p.Stop())
	}
	return process, nil
}

func loopback() (string, error) {
	port, err := controlplane.FreePort()
	return fmt.Sprintf("127.0.0.1:%d", port), err
}

// waitReady waits until /readyz says yes, at most 30 seconds.
func (p *Process) waitReady(ctx context.Context) error {
	last := errors.New("not asked yet")
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		select {
		case <-p.Done():
			return false, p.Err()
		default:
		}
		last = get(ctx, p.Probes+"/readyz")
		return last == nil, nil
	})
	if err != nil {
		return errors.Join(err, last)
	}
	return nil
}

func get(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return nil
}

// kubeconfigOf writes a kubeconfig that has the rights of a shipped service account.
func kubeconfigOf(ctx context.Context, cp *controlplane.ControlPlane, account string) (string, error) {
	token, err := tokenOf(ctx, cp.Config(), account)
	if err != nil {
		return "", fmt.Errorf("get token of service account %s: %w", account, err)
	}
	config := rest.AnonymousClientConfig(cp.Config())
	config.BearerToken = token
	raw, err := encodeKubeconfig(config)
	if err != nil {
		return "", err
	}
	path := filepath.Join(cp.Dir(), account+".kubeconfig")
	return path, os.WriteFile(path, raw, 0o600)
}
