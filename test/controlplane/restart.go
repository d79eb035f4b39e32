package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// component is a program that can be restarted.
type component struct {
	process  *Process
	readyURL string
	flags    []string
}

// Component returns the process of Etcd or APIServer.
func (c *ControlPlane) Component(name string) (*Process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.components[name]
	if !ok {
		return nil, fmt.Errorf("find %s: the control plane has no such component", name)
	}
	return p.process, nil
}

// Kill kills Etcd or APIServer, and returns when it has ended.
func (c *ControlPlane) Kill(name string) error {
	p, err := c.Component(name)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.stopped = true // that it ends is no failure
	p.mu.Unlock()
	p.signal(syscall.SIGKILL)
	if !p.ended(killGrace) {
		return fmt.Errorf("kill %s: process %d is still there after %s", name, p.PID(), killGrace)
	}
	return nil
}

// Restart starts Etcd or APIServer again, after Kill, with the same flags, ports and data,
// and waits until it is ready or ctx ends.
func (c *ControlPlane) Restart(ctx context.Context, name string) error {
	old, err := c.Component(name)
	if err != nil {
		return err
	}
	again, err := c.replace(name, old)
	if err != nil {
		return fmt.Errorf("restart %s: %w", name, err)
	}
	return c.waitReady(ctx, again.process, again.readyURL)
}

// replace starts a new process of a component in the place of the old one, so that Stop
// stops it when it would have stopped the old one.
func (c *ControlPlane) replace(name string, old *Process) (component, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return component{}, errors.New("the control plane is stopped")
	}
	if !old.ended(0) {
		return component{}, fmt.Errorf("process %d is still running", old.PID())
	}
	at := c.components[name]
	p, err := startProcess(c.forker, name, filepath.Join(c.dir, name+".log"), c.command(name, at.flags))
	if err != nil {
		return component{}, err
	}
	at.process = p
	c.components[name] = at
	c.processes[slices.Index(c.processes, old)] = p
	return at, nil
}

// Compact drops what etcd keeps of the time before a revision, which is the version of an
// object. Watches cannot be continued from then.
func (c *ControlPlane) Compact(ctx context.Context, revision int64) error {
	c.mu.Lock()
	base := strings.TrimSuffix(c.components[etcd].readyURL, "/readyz")
	c.mu.Unlock()
	body := strings.NewReader(fmt.Sprintf(`{"revision": "%d"}`, revision))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v3/kv/compaction", body)
	if err != nil {
		return fmt.Errorf("compact etcd: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("compact etcd: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(resp.Body, tailBytes))
		return errors.Join(fmt.Errorf("compact etcd: %s: %s", resp.Status, text), err)
	}
	return nil
}
