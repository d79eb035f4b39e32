package controlplane

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Options say what to start. The zero value starts everything.
type Options struct {
	// Assets is the folder with the programs. If it is empty, the
	// repository's bin folder is used, except for etcd, kube-apiserver and
	// kubectl when KUBEBUILDER_ASSETS is set: these come from there. Where
	// KONG_LATENCY_KUBERNETES names a folder, the API server, the controller
	// manager and the scheduler come from it, whatever else is set.
	Assets string
	// Bare starts etcd and kube-apiserver alone: no controller, no scheduler,
	// no node. Deployments then have no pods and nothing is garbage collected.
	Bare bool
	// AuditPolicy is an audit policy as YAML; if it is not empty, kube-apiserver writes an
	// audit log by it.
	AuditPolicy string
	// APIServerFlags are added after the default flags of kube-apiserver, so that they
	// override them.
	APIServerFlags []string
	// Logf prints lines of progress; nil means none.
	Logf func(format string, args ...any)
}

func (o Options) logf() func(string, ...any) {
	if o.Logf == nil {
		return func(string, ...any) {}
	}
	return o.Logf
}

// names lists what must exist before anything is started.
func (o Options) names() []string {
	names := []string{etcd, apiServer}
	if !o.Bare {
		names = append(names, controllerManager, scheduler, kwok, kwokStages)
	}
	return names
}

// assets finds programs. The folder `kubebuilder`, if set, comes before
// `folder` for the three programs of the Kubernetes envtest archives, and `older` before
// both for those of which there may be an older minor version.
type assets struct {
	folder      string
	kubebuilder string
	older       string
}

// olderVariable names a folder with the control plane of another Kubernetes minor
// version: kube-apiserver, kube-controller-manager and kube-scheduler.
const olderVariable = "KONG_LATENCY_KUBERNETES"

func (o Options) assets() assets {
	if o.Assets != "" {
		return assets{folder: o.Assets}
	}
	return assets{
		folder:      filepath.Join(RepoRoot(), "bin"),
		kubebuilder: os.Getenv("KUBEBUILDER_ASSETS"),
		older:       os.Getenv(olderVariable),
	}
}

func (a assets) path(name string) string {
	if a.older != "" && (name == apiServer || name == controllerManager || name == scheduler) {
		return filepath.Join(a.older, name)
	}
	if a.kubebuilder != "" && (name == etcd || name == apiServer || name == "kubectl") {
		return filepath.Join(a.kubebuilder, name)
	}
	return filepath.Join(a.folder, name)
}

// check reports all missing files at once.
func (a assets) check(names []string) error {
	var missing []string
	for _, name := range names {
		_, err := os.Stat(a.path(name))
		if errors.Is(err, os.ErrNotExist) {
			missing = append(missing, a.path(name))
		} else if err != nil {
			return fmt.Errorf("find %s: %w", name, err)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("find the control plane's programs: run `make controlplane` to build %s",
			strings.Join(missing, ", "))
	}
	return nil
}

// modulePath starts the go.mod by which RepoRoot recognises the repository.
const modulePath = "module github.com/kong-latency/kong-latency\n"

// RepoRoot returns the folder of the repository: the nearest one upwards from
// the working directory, else from the running program, that contains its
// go.mod. It returns "." if there is none.
func RepoRoot() string {
	var starts []string
	if wd, err := os.Getwd(); err == nil {
		starts = append(starts, wd)
	}
	if exe, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(exe))
	}
	for _, dir := range starts {
		for {
			if isRepoRoot(dir) {
				return dir
			}
			parent := filepath.Dir(dir)
			if parent == dir {
				break
			}
			dir = parent
		}
	}
	return "."
}

func isRepoRoot(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	return err == nil && strings.HasPrefix(string(text), modulePath)
}
