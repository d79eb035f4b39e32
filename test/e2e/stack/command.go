package stack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/kong-latency/kong-latency/test/controlplane"
)

// Binary is the path of a built program, such as kubectl.
func (s *Stack) Binary(name string) string { return s.cp.Binary(name) }

// Command prepares to run a built program at the root of the repository, as a cluster
// admin. Of the environment it gets only PATH.
func (s *Stack) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.Binary(name), args...)
	cmd.Dir = controlplane.RepoRoot()
	cmd.Env = []string{"KUBECONFIG=" + s.Kubeconfig(), "HOME=" + s.Dir(), "PATH=" + os.Getenv("PATH")}
	return cmd
}

// Kubectl runs kubectl with standard input and returns its output, including warnings
// and errors; an error quotes it.
func (s *Stack) Kubectl(ctx context.Context, input string, args ...string) (string, error) {
	cmd := s.Command(ctx, "kubectl", args...)
	cmd.Stdin = strings.NewReader(input)
	output, err := cmd.CombinedOutput()
	if err != nil {
		return string(output), fmt.Errorf("run kubectl %s: %w: %s", args[0], err, strings.TrimSpace(string(output)))
	}
	return string(output), nil
}
