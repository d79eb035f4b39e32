package install

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/kong-latency/kong-latency/test/controlplane"
)

// newG is Gomega for waiting on a cluster.
func newG(t *testing.T) *gomega.WithT {
	t.Helper()
	g := gomega.NewWithT(t)
	g.SetDefaultEventuallyTimeout(time.Minute)
	g.SetDefaultEventuallyPollingInterval(100 * time.Millisecond)
	return g
}

// environment is the environment of commands: the project's programs first in PATH,
// the cluster, and none of the user's configuration.
func environment(t *testing.T) []string {
	t.Helper()
	bin := filepath.Dir(cp.Binary("helm"))
	return []string{
		"PATH=" + filepath.Dir(cp.Binary("kubectl")) + ":" + bin + ":" + os.Getenv("PATH"),
		"KUBECONFIG=" + cp.Kubeconfig(),
		"HOME=" + t.TempDir(),
	}
}

// command runs a program in the repository's root and returns its standard output.
func command(t *testing.T, stdin, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), cp.Binary(name), args...)
	cmd.Dir = controlplane.RepoRoot()
	cmd.Env = environment(t)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), errors.New("run " + name + " " + strings.Join(args, " ") + ": " +
			err.Error() + "\n" + stdout.String() + stderr.String())
	}
	return stdout.String(), nil
}

// kubectlAfter runs kubectl after the test's context has ended.
func kubectlAfter(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command(cp.Binary("kubectl"), args...)
	cmd.Dir = controlplane.RepoRoot()
	cmd.Env = environment(t)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("run kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// must runs a program, which must succeed.
func must(t *testing.T, stdin, name string, args ...string) string {
	t.Helper()
	out, err := command(t, stdin, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	return must(t, "", "kubectl", args...)
}

func helm(t *testing.T, args ...string) string {
	t.Helper()
	return must(t, "", "helm", args...)
}

// decode reads manifests as objects.
func decode(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
	var out []*unstructured.Unstructured
	for {
		o := &unstructured.Unstructured{}
		switch err := decoder.Decode(o); {
		case errors.Is(err, io.EOF):
			return out
		case err != nil:
			t.Fatalf("decode manifests: %v", err)
		case len(o.Object) > 0:
			out = append(out, o)
		}
	}
}
