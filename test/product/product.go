// Package product runs the shipped program on a control plane as a cluster would: with
// the shipped manifests, and each Deployment's process with its arguments and its
// service account. Only ports and the webhook's address differ: everything is on
// loopback.
package product

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/controlplane"
)

// Namespace is where the shipped manifests put the product.
const Namespace = "kong-latency-system"

// The shipped kustomizations, from the repository's root.
const (
	manifests = "config/default"
	allInOne  = "config/all-in-one"
)

// readyBound is the time limit for a process to become ready.
const readyBound = 2 * time.Minute

// Process is one running kong-latency.
type Process struct {
	*controlplane.Process
	// Metrics is the URL of its Prometheus metrics.
	Metrics string
	// Probes is the URL under which /healthz and /readyz are.
	Probes string
	// MemoryLimit is that of its container, in bytes. Nothing enforces it here but
	// GOMEMLIMIT, which it is given as in a cluster.
	MemoryLimit int64
}

// Install applies the shipped manifests, except the Deployments, which run as
// processes here. The webhooks are called at webhookURL.
func Install(ctx context.Context, c client.Client, webhookURL string) error {
	return install(ctx, c, manifests, webhookURL)
}

// InstallAllInOne is Install for the variant with one process; it may come after Install.
func InstallAllInOne(ctx context.Context, c client.Client, webhookURL string) error {
	return install(ctx, c, allInOne, webhookURL)
}

func install(ctx context.Context, c client.Client, folder, webhookURL string) error {
	objects, err := controlplane.Render(folder)
	if err != nil {
		return err
	}
	controlplane.Loopback(objects, webhookURL)
	for _, o := range objects {
		if o.GetKind() == "Deployment" {
			continue
		}
		err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("kubectl"), client.ForceOwnership)
		if err != nil {
			return fmt.Errorf("apply %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

// Webhook starts `kong-latency webhook` on the address host:port that Install was
// given the URL of, with additional flags, and waits until it is
// ready. It does not drain, unless a flag says so: a process is stopped when
// nothing calls it any more.
func Webhook(ctx context.Context, cp *controlplane.ControlPlane, address string, flags ...string) (*Process, error) {
	return start(ctx, cp, shipped(cp), manifests, "webhook", slices.Concat(loopbackFlags(address), flags)...)
}

// All starts `kong-latency all` as Webhook starts the webhook, after InstallAllInOne.
func All(ctx context.Context, cp *controlplane.ControlPlane, address string, flags ...string) (*Process, error) {
	return start(ctx, cp, shipped(cp), allInOne, "all", slices.Concat(loopbackFlags(address), flags)...)
}

func loopbackFlags(address string) []string {
	return []string{"--webhook-bind-address=" + address, "--cert-dns-names=127.0.0.1", "--drain-period=0s"}
}

// Controller starts `kong-latency controller` with additional flags, and waits until it
// is ready.
func Controller(ctx context.Context, cp *controlplane.ControlPlane, flags ...string) (*Process, error) {
	return ControllerOf(ctx, cp, shipped(cp), flags...)
}

// ControllerOf is Controller with another program, which has the same subcommands and flags:
// its path, and arguments before the subcommand.
func ControllerOf(ctx context.Context, cp *controlplane.ControlPlane, program []string, flags ...string) (*Process, error) {
	return start(ctx, cp, program, manifests, "controller", flags...)
}

// shipped is the program as it is shipped.
func shipped(cp *controlplane.ControlPlane) []string { return []string{cp.Binary("kong-latency")} }

// start runs a component of a kustomization under the log name of its subcommand. The last
// value of a flag wins, so additional flags come after the shipped ones.
func start(ctx context.Context, cp *controlplane.ControlPlane, program []string, folder, command string, flags ...string) (*Process, error) {
	of, err := componentOf(folder, command)
	if err != nil {
		return nil, err
	}
	kubeconfig, err := of.access(ctx, cp)
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
	args := slices.Concat(program[1:], of.args, []string{
		"--kubeconfig=" + kubeconfig,
		"--metrics-bind-address=" + metrics,
		"--health-probe-bind-address=" + probes,
	}, flags)
	cmd := exec.Command(program[0], args...)
	cmd.Dir = readOnly()
	cmd.Env = []string{"HOME=" + cmd.Dir, "TMPDIR=" + cmd.Dir, "POD_NAMESPACE=" + of.namespace, fmt.Sprintf("GOMEMLIMIT=%d", of.memory)}
	p, err := cp.Run(command, cmd)
	if err != nil {
		return nil, err
	}
	process := &Process{Process: p, Metrics: "http://" + metrics + "/metrics", Probes: "http://" + probes, MemoryLimit: of.memory}
	if err := process.waitReady(ctx); err != nil {
		err = fmt.Errorf("wait for kong-latency %s: %w", command, err)
		ended := process.ended()
		if stopErr := p.Stop(); !ended { // otherwise it repeats err
			err = errors.Join(err, stopErr)
		}
		return nil, err
	}
	return process, nil
}

// readOnly returns a folder that nobody can write to, not even root: the shipped
// containers have a read-only file system.
func readOnly() string {
	if _, err := os.Stat("/proc/self"); err == nil {
		return "/proc"
	}
	return "/"
}

func loopback() (string, error) {
	port, err := controlplane.FreePort()
	return fmt.Sprintf("127.0.0.1:%d", port), err
}

// waitReady waits until /readyz succeeds. Otherwise the error is its last answer.
func (p *Process) waitReady(ctx context.Context) error {
	last := errors.New("no request sent yet")
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, readyBound, true, func(ctx context.Context) (bool, error) {
		if p.ended() {
			return false, cmp.Or(p.Err(), errors.New("its process ended"))
		}
		err := get(ctx, p.Probes+"/readyz")
		if err == nil || ctx.Err() == nil {
			last = err // not the timeout of the request
		}
		return err == nil, nil
	})
	if wait.Interrupted(err) {
		return fmt.Errorf("%w; last answer: %w", err, last)
	}
	return err
}

func (p *Process) ended() bool {
	select {
	case <-p.Done():
		return true
	default:
		return false
	}
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
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s: %s", url, resp.Status, body)
	}
	return nil
}
