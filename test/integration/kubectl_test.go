package integration

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// said is the output and exit code of a kubectl command.
type said struct {
	out, err string
	code     int
}

// kubectl runs kubectl in the test's namespace with the given standard input.
func (e *env) kubectl(input string, args ...string) said {
	e.t.Helper()
	return e.kubectlWith(nil, input, args...)
}

func (e *env) kubectlWith(environment []string, input string, args ...string) said {
	e.t.Helper()
	return e.run(environment, input, append([]string{"--namespace", e.namespace}, args...)...)
}

// run runs kubectl with these arguments alone: plugins accept no flags before their name.
func (e *env) run(environment []string, input string, args ...string) said {
	e.t.Helper()
	cp := e.stack.cp
	cmd := exec.CommandContext(e.ctx, cp.Binary("kubectl"), args...)
	cmd.Env = append([]string{"KUBECONFIG=" + cp.Kubeconfig(), "HOME=" + cp.Dir(), "PATH=" + os.Getenv("PATH")}, environment...)
	cmd.Stdin = strings.NewReader(input)
	var out, err strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &err
	ended := cmd.Run()
	var exit *exec.ExitError
	if ended != nil && !errors.As(ended, &exit) {
		e.t.Fatalf("run kubectl %v: %v", args, ended)
	}
	return said{out: out.String(), err: err.String(), code: cmd.ProcessState.ExitCode()}
}

// mustKubectl runs kubectl, which must succeed.
func (e *env) mustKubectl(input string, args ...string) said {
	e.t.Helper()
	s := e.kubectl(input, args...)
	e.Expect(s.code).To(gomega.BeZero(), "kubectl %v: %s%s", args, s.out, s.err)
	return s
}

// manifest is a Deployment as in Git.
type manifest struct {
	name, image string
	// replicas is 0 if the manifest has no spec.replicas.
	replicas    int
	annotations map[string]string
}

// off is the value of replicas for a manifest with spec.replicas: 0.
const off = -1

func (m manifest) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: %s\n", m.name)
	if len(m.annotations) > 0 {
		b.WriteString("  annotations:\n")
	}
	for _, key := range slices.Sorted(maps.Keys(m.annotations)) {
		fmt.Fprintf(&b, "    %s: %q\n", key, m.annotations[key])
	}
	b.WriteString("spec:\n")
	if m.replicas != 0 {
		fmt.Fprintf(&b, "  replicas: %d\n", max(m.replicas, 0))
	}
	fmt.Fprintf(&b, "  selector: {matchLabels: {app: %s}}\n  template:\n    metadata: {labels: {app: %s}}\n", m.name, m.name)
	fmt.Fprintf(&b, "    spec: {containers: [{name: echo, image: %q}]}\n", m.image)
	return b.String()
}

// with returns a changed copy.
func (m manifest) with(change func(*manifest)) manifest {
	m.annotations = maps.Clone(m.annotations)
	change(&m)
	return m
}

// workload returns the live Deployment.
func (e *env) workload(name string) *appsv1.Deployment {
	e.t.Helper()
	var d appsv1.Deployment
	e.Expect(e.client.Get(e.ctx, client.ObjectKey{Namespace: e.namespace, Name: name}, &d)).To(gomega.Succeed())
	return &d
}

// scale sets the replicas of a Deployment as kube-controller-manager does.
func (e *env) scale(name string, replicas int32) {
	e.t.Helper()
	d := e.workload(name)
	scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: replicas}}
	scale.Namespace, scale.Name = d.Namespace, d.Name
	e.Expect(e.client.SubResource("scale").Update(e.ctx, d, client.WithSubResourceBody(scale),
		client.FieldOwner("kube-controller-manager"))).To(gomega.Succeed())
	e.Expect(*e.workload(name).Spec.Replicas).To(gomega.Equal(replicas))
}
