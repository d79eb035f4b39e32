// Package doctor tests kubectl latency on a cluster in which everything works, and
// which is broken hop by hop.
package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"github.com/kong-latency/kong-latency/cli/doctor"
	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/e2e/stack"
)

// cluster is shared by all tests of the package.
var cluster *stack.Stack

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	var err error
	if cluster, err = stack.Start(ctx, stack.Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := cluster.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop the cluster:", err)
		return 1
	}
	return code
}

// env is the environment of one test.
type env struct {
	*gomega.WithT
	t *testing.T
}

func newEnv(t *testing.T) *env {
	t.Helper()
	g := gomega.NewWithT(t)
	g.SetDefaultEventuallyTimeout(90 * time.Second)
	g.SetDefaultEventuallyPollingInterval(300 * time.Millisecond)
	return &env{g, t}
}

// context outlives the test, for cleanup.
func (e *env) context() context.Context { return context.WithoutCancel(e.t.Context()) }

// result is the output and exit code of a command.
type result struct {
	code        int
	out, errOut string
}

// latency runs kubectl latency, which is on kubectl's path as bin/kubectl-latency.
func (e *env) latency(args ...string) result { return e.latencyReading("", args...) }

func (e *env) latencyReading(stdin string, args ...string) result {
	e.t.Helper()
	cmd := exec.CommandContext(e.context(), cluster.Binary("kubectl"), append([]string{"latency"}, args...)...)
	cmd.Dir = controlplane.RepoRoot()
	cmd.Env = []string{"KUBECONFIG=" + cluster.Kubeconfig(), "HOME=" + cluster.Dir(), "PATH=" + controlplane.RepoRoot() + "/bin:" + os.Getenv("PATH")}
	var out, errOut bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewBufferString(stdin), &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		e.t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

// doctor runs the doctor on the echo Deployment, with a Prometheus that the API server
// cannot reach as it is outside of the cluster.
func (e *env) doctor(args ...string) result {
	e.t.Helper()
	return e.latency(append([]string{"doctor", "deployment/echo", "--prometheus-url", cluster.PrometheusURL()}, args...)...)
}

// report returns the doctor's only report.
func (e *env) report() doctor.Report {
	e.t.Helper()
	r := e.doctor("-o", "json")
	var list struct{ Items []doctor.Report }
	e.Expect(json.Unmarshal([]byte(r.out), &list)).To(gomega.Succeed(), r.out+r.errOut)
	e.Expect(list.Items).To(gomega.HaveLen(1))
	return list.Items[0]
}

// kubectl runs kubectl, which must succeed, and returns its output.
func (e *env) kubectl(args ...string) string {
	e.t.Helper()
	return e.kubectlReading("", args...)
}

func (e *env) kubectlReading(stdin string, args ...string) string {
	e.t.Helper()
	out, err := cluster.Kubectl(e.context(), stdin, args...)
	e.Expect(err).NotTo(gomega.HaveOccurred())
	return out
}
