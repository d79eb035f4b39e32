package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// readyBound limits the whole start; five seconds are usual, but a busy
	// machine may need many times that.
	readyBound = 2 * time.Minute
	// portAttempts: between picking a port and listening on it another
	// program may take it. Then all is started again on other ports.
	portAttempts = 3
)

// Start starts a control plane and waits until it is usable: the API server
// ready and, unless o.Bare, the controllers and the scheduler healthy and the
// node Ready. It gives up after two minutes, or when ctx is done; later ctx
// has no effect. After an error nothing is left running; the error names the
// component and quotes the tail of its log.
func Start(ctx context.Context, o Options) (*ControlPlane, error) {
	if err := o.assets().check(o.names()); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, readyBound)
	defer cancel()
	for attempt := 1; ; attempt++ {
		c, err := startOnce(ctx, o)
		if err == nil {
			return c, nil
		}
		if attempt == portAttempts || !strings.Contains(err.Error(), "address already in use") {
			return nil, fmt.Errorf("start control plane: %w", err)
		}
		o.logf()("a port was taken meanwhile, starting again on others")
	}
}

func startOnce(ctx context.Context, o Options) (*ControlPlane, error) {
	p, err := pickPorts()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "kong-latency-")
	if err != nil {
		return nil, fmt.Errorf("create scratch folder: %w", err)
	}
	c := &ControlPlane{
		assets:     o.assets(),
		dir:        dir,
		kubeconfig: filepath.Join(dir, "kubeconfig"),
		logf:       o.logf(),
		forker:     newForker(),
		components: map[string]component{},
	}
	if err := c.bringUp(ctx, o, p); err != nil {
		return nil, errors.Join(err, c.abandon())
	}
	return c, nil
}

// abandon stops what a failed start has started. It only reports what could not be
// stopped; the error of the start says what failed.
func (c *ControlPlane) abandon() error {
	for _, p := range c.processes {
		p.mu.Lock()
		p.handled = true
		p.mu.Unlock()
	}
	return c.Stop()
}

func (c *ControlPlane) bringUp(ctx context.Context, o Options, p ports) error {
	begin := time.Now()
	if err := writePKI(c.dir); err != nil {
		return err
	}
	if err := c.writeAccess(url("https", p.apiServer)); err != nil {
		return err
	}
	if err := c.startAPI(ctx, o, p); err != nil {
		return err
	}
	if !o.Bare {
		if err := c.startControllers(ctx, p); err != nil {
			return err
		}
	}
	c.logf("control plane is up after %s", time.Since(begin).Round(100*time.Millisecond))
	return nil
}

func (c *ControlPlane) startAPI(ctx context.Context, o Options, p ports) error {
	c.logf("starting %s and %s", etcd, apiServer)
	if err := c.start(ctx, etcd, url("http", p.etcdClient)+"/readyz", etcdFlags(c.dir, p)); err != nil {
		return err
	}
	audit, err := c.writeAuditPolicy(o.AuditPolicy)
	if err != nil {
		return err
	}
	return c.start(ctx, apiServer, url("https", p.apiServer)+"/readyz", apiServerFlags(c.dir, p, slices.Concat(audit, o.APIServerFlags)))
}

// writeAuditPolicy returns the flags of kube-apiserver by which it audits; none without a
// policy.
func (c *ControlPlane) writeAuditPolicy(policy string) (flags []string, err error) {
	if policy == "" {
		return nil, nil
	}
	path := filepath.Join(c.dir, auditPolicy)
	if err := os.WriteFile(path, []byte(policy), 0o600); err != nil {
		return nil, fmt.Errorf("write audit policy: %w", err)
	}
	return []string{"--audit-policy-file=" + path, "--audit-log-path=" + c.AuditLog()}, nil
}

// start starts a component that can be restarted, and waits until it is ready.
func (c *ControlPlane) start(ctx context.Context, name, readyURL string, flags []string) error {
	p, err := c.component(name, flags...)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.components[name] = component{process: p, readyURL: readyURL, flags: flags}
	c.mu.Unlock()
	return c.waitReady(ctx, p, readyURL)
}

func (c *ControlPlane) startControllers(ctx context.Context, p ports) error {
	c.logf("starting %s, %s and %s", controllerManager, scheduler, kwok)
	manager, err := c.component(controllerManager, controllerManagerFlags(c.dir, c.kubeconfig, p)...)
	if err != nil {
		return err
	}
	sched, err := c.component(scheduler, schedulerFlags(c.dir, c.kubeconfig, p)...)
	if err != nil {
		return err
	}
	player, err := c.component(kwok, kwokFlags(c.assets.path(kwokStages), c.kubeconfig)...)
	if err != nil {
		return err
	}
	if err := c.createNode(ctx); err != nil {
		return err
	}
	if err := c.waitReady(ctx, manager, url("https", p.controllerManager)+"/healthz"); err != nil {
		return err
	}
	if err := c.waitReady(ctx, sched, url("https", p.scheduler)+"/healthz"); err != nil {
		return err
	}
	return c.waitNode(ctx, player)
}

// component starts one of the control plane's programs. Of the caller's environment it
// gets only PATH: proxies, kubeconfigs and other settings of the user must not matter.
func (c *ControlPlane) component(name string, args ...string) (*Process, error) {
	return c.Run(name, c.command(name, args))
}

func (c *ControlPlane) command(name string, args []string) *exec.Cmd {
	cmd := exec.Command(c.assets.path(name), args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir}
	return cmd
}
