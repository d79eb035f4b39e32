package stack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/kong-latency/kong-latency/test/controlplane"
)

// Kubectl is the path of the kubectl that belongs to the control plane.
func (s *Stack) Kubectl() string { return s.cp.Binary("kubectl") }

// RunKubectl runs kubectl with all rights at the root of the repository. input is what
// it reads. The output holds what it printed, warnings and errors included; an error
// quotes it.
func (s *Stack) RunKubectl(ctx context.Context, input string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.Kubectl(), args...)
	cmd.Dir = controlplane.RepoRoot()
	cmd.Env = []string{"KUBECONFIG=" + s.Kubeconfig(), "HOME=" + s.Dir(), "PATH=" + os.Getenv("PATH")}
	cmd.Stdin = strings.NewReader(input)
	output, err := cmd.CombinedOutput()
	if err != nil {
		return string(output), fmt.Errorf("run kubectl %s: %w: %s", args[0], err, strings.TrimSpace(string(output)))
	}
	return string(output), nil
}
