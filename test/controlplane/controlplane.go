// Package controlplane runs a real Kubernetes control plane on loopback, as
// ordinary child processes: etcd, kube-apiserver, kube-controller-manager,
// kube-scheduler and kwok, whose one node makes every pod Ready at once. It
// needs no container, no cluster and no root.
//
// The programs are built by make from Go modules (see tools/README.md). They
// end with the process that started them, however that ends; on Linux even
// when it is killed.
package controlplane

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"k8s.io/client-go/rest"
)

// NodeName is the name of the only node, which kwok simulates.
const NodeName = "kwok-0"

// ControlPlane is a running control plane. Its methods may be called from
// several goroutines.
type ControlPlane struct {
	assets     assets
	dir        string
	config     *rest.Config
	kubeconfig string
	logf       func(format string, args ...any)
	forker     *forker

	mu         sync.Mutex
	processes  []*Process // in the order of their start
	components map[string]component
	stopped    bool
	stopErr    error
}

// Config returns a configuration with the rights of a cluster admin (client
// certificate, group system:masters) and without a client-side rate limit.
// The caller owns the copy.
func (c *ControlPlane) Config() *rest.Config { return rest.CopyConfig(c.config) }

// Kubeconfig returns the path of a kubeconfig file with the rights of Config.
// It is removed by Stop.
func (c *ControlPlane) Kubeconfig() string { return c.kubeconfig }

// Certificates returns the files of the API server's CA, and of the client certificate of
// Config with its key.
func (c *ControlPlane) Certificates() (ca, cert, key string) {
	return filepath.Join(c.dir, caCert), filepath.Join(c.dir, adminCert), filepath.Join(c.dir, adminKey)
}

// Dir returns the scratch folder, which holds keys, data and every
// component's log as <name>.log. It is removed by Stop.
func (c *ControlPlane) Dir() string { return c.dir }

// AuditLog returns the path of the audit log, one event in JSON per line, if the options
// have an audit policy. It is removed by Stop.
func (c *ControlPlane) AuditLog() string { return filepath.Join(c.dir, auditLog) }

// Binary returns the path of a built program, for example "kubectl" or "prometheus",
// which may not exist.
func (c *ControlPlane) Binary(name string) string { return c.assets.path(name) }

// Run starts another process that is managed like the components: it dies with the
// caller and is stopped by Stop, before everything that was started earlier. Output that cmd does not direct elsewhere goes to Dir()/name.log,
// which is appended to if a process of that name ran before.
func (c *ControlPlane) Run(name string, cmd *exec.Cmd) (*Process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return nil, fmt.Errorf("start %s: the control plane is stopped", name)
	}
	p, err := startProcess(c.forker, name, filepath.Join(c.dir, name+".log"), cmd)
	if err != nil {
		return nil, err
	}
	c.processes = append(c.processes, p)
	return p, nil
}

// Stop stops all processes in the reverse order of their start and removes
// the scratch folder. It is bounded: processes that ignore SIGTERM are killed. The
// error names the processes that had failed before (with the tail of their log) or had
// to be killed. Further calls return the same.
func (c *ControlPlane) Stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return c.stopErr
	}
	c.stopped = true
	var errs []error
	for i := len(c.processes) - 1; i >= 0; i-- {
		errs = append(errs, c.processes[i].stopForOwner())
	}
	c.forker.close()
	if err := os.RemoveAll(c.dir); err != nil {
		errs = append(errs, fmt.Errorf("remove scratch folder: %w", err))
	}
	c.stopErr = errors.Join(errs...)
	return c.stopErr
}
