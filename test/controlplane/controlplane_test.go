package controlplane_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kong-latency/kong-latency/test/controlplane"
)

// TestControlPlane runs one control plane through its life.
func TestControlPlane(t *testing.T) {
	cp, err := controlplane.Start(t.Context(), controlplane.Options{Logf: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cp.Stop() }) // if the test ends early
	client, err := kubernetes.NewForConfig(cp.Config())
	if err != nil {
		t.Fatal(err)
	}

	t.Run("an ordinary Deployment gets ready pods", func(t *testing.T) { testDeployment(t, client) })
	t.Run("metrics count requests", func(t *testing.T) { testMetrics(t, cp) })
	t.Run("kubectl accepts the kubeconfig", func(t *testing.T) { testKubectl(t, cp) })
	t.Run("an aggregated API on loopback is called", func(t *testing.T) { testAggregation(t, cp) })
	t.Run("a further process is cared for", func(t *testing.T) { testRun(t, cp) })
	t.Run("a killed API server starts again with its data", func(t *testing.T) { testRestart(t, cp, client) })
	t.Run("stop leaves nothing", func(t *testing.T) { testStop(t, cp) })
}

func testRestart(t *testing.T, cp *controlplane.ControlPlane, client kubernetes.Interface) {
	g := NewWithT(t)
	g.Expect(cp.Restart(t.Context(), controlplane.APIServer)).To(MatchError(ContainSubstring("is still running")))
	g.Expect(cp.Kill(controlplane.APIServer)).To(Succeed())
	_, err := client.AppsV1().Deployments("default").Get(t.Context(), "echo", metav1.GetOptions{})
	g.Expect(err).To(HaveOccurred())
	g.Expect(cp.Restart(t.Context(), controlplane.APIServer)).To(Succeed())
	_, err = client.AppsV1().Deployments("default").Get(t.Context(), "echo", metav1.GetOptions{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(cp.Kill("kubelet")).To(MatchError("find kubelet: the control plane has no such component"))
}

func testDeployment(t *testing.T, client kubernetes.Interface) {
	g := NewWithT(t)
	labels := map[string]string{"app": "echo"}
	replicas := int32(3)
	_, err := client.AppsV1().Deployments("default").Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "echo"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "echo", Image: "example.com/echo"}}},
			},
		},
	}, metav1.CreateOptions{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Eventually(func(g Gomega) {
		d, err := client.AppsV1().Deployments("default").Get(t.Context(), "echo", metav1.GetOptions{})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(d.Status.ReadyReplicas).To(Equal(replicas))
	}).WithTimeout(waitBound).Should(Succeed())
	pods, err := client.CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{LabelSelector: "app=echo"})
	g.Expect(err).NotTo(HaveOccurred())
	for _, pod := range pods.Items {
		g.Expect(pod.Spec.NodeName).To(Equal(controlplane.NodeName))
		g.Expect(pod.Status.PodIP).NotTo(BeEmpty())
	}
}

func testMetrics(t *testing.T, cp *controlplane.ControlPlane) {
	g := NewWithT(t)
	families, err := cp.Metrics(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	var posts float64
	for _, m := range families["apiserver_request_total"].GetMetric() {
		for _, l := range m.GetLabel() {
			if l.GetName() == "verb" && l.GetValue() == "POST" {
				posts += m.GetCounter().GetValue()
			}
		}
	}
	g.Expect(posts).To(BeNumerically(">", 0))
}

func testKubectl(t *testing.T, cp *controlplane.ControlPlane) {
	g := NewWithT(t)
	cmd := exec.CommandContext(t.Context(), cp.Binary("kubectl"),
		"--kubeconfig", cp.Kubeconfig(), "get", "nodes", "--output=name")
	out, err := cmd.CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred(), string(out))
	g.Expect(strings.TrimSpace(string(out))).To(Equal("node/" + controlplane.NodeName))
}

func testRun(t *testing.T, cp *controlplane.ControlPlane) {
	g := NewWithT(t)
	p, err := cp.Run("failing", exec.CommandContext(t.Context(), "sh", "-c", "echo what went wrong; exit 3"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Eventually(p.Done()).WithTimeout(waitBound).Should(BeClosed())
	g.Expect(p.Err()).To(MatchError(And(
		ContainSubstring("failing"), ContainSubstring("exit status 3"), ContainSubstring("what went wrong"))))
	g.Expect(p.Stop()).To(MatchError(ContainSubstring("exit status 3")))

	p, err = cp.Run("good", exec.Command("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1; done"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(p.Err()).NotTo(HaveOccurred())
	g.Expect(p.Stop()).To(Succeed())
	g.Expect(p.Done()).To(BeClosed())
	g.Expect(p.Err()).NotTo(HaveOccurred())
}

func testStop(t *testing.T, cp *controlplane.ControlPlane) {
	g := NewWithT(t)
	sleeper := exec.Command("sleep", "600")
	_, err := cp.Run("sleeper", sleeper)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(cp.Stop()).To(Succeed())
	g.Expect(cp.Stop()).To(Succeed(), "a second time")

	g.Expect(cp.Dir()).NotTo(BeADirectory())
	g.Expect(syscall.Kill(sleeper.Process.Pid, 0)).To(MatchError(syscall.ESRCH))
	g.Expect(processesNaming(t, cp.Dir())).To(BeEmpty())
	_, err = cp.Run("late", exec.Command("true"))
	g.Expect(err).To(MatchError(ContainSubstring("the control plane is stopped")))
}

func TestStartNamesTheComponent(t *testing.T) {
	g := NewWithT(t)
	scratch := t.TempDir()
	t.Setenv("TMPDIR", scratch)
	_, err := controlplane.Start(t.Context(), controlplane.Options{
		Bare:           true,
		APIServerFlags: []string{"--no-such-flag"},
	})
	g.Expect(err).To(MatchError(And(
		ContainSubstring("kube-apiserver"), ContainSubstring("unknown flag: --no-such-flag"))))
	g.Expect(os.ReadDir(scratch)).To(BeEmpty(), "the scratch folder is gone")
	g.Expect(processesNaming(t, scratch)).To(BeEmpty())
}

func TestStartNamesMissingPrograms(t *testing.T) {
	g := NewWithT(t)
	_, err := controlplane.Start(t.Context(), controlplane.Options{Assets: t.TempDir()})
	g.Expect(err).To(MatchError(And(
		ContainSubstring("make controlplane"), ContainSubstring("etcd"), ContainSubstring("kwok-stages.yaml"))))
}

func TestStartFollowsItsContext(t *testing.T) {
	g := NewWithT(t)
	scratch := t.TempDir()
	t.Setenv("TMPDIR", scratch)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := controlplane.Start(ctx, controlplane.Options{Bare: true, Logf: func(string, ...any) { cancel() }})
	g.Expect(errors.Is(err, context.Canceled)).To(BeTrue(), "%v", err)
	g.Expect(os.ReadDir(scratch)).To(BeEmpty())
	g.Expect(processesNaming(t, scratch)).To(BeEmpty())
}

func TestFreePort(t *testing.T) {
	g := NewWithT(t)
	port, err := controlplane.FreePort()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(port).To(BeNumerically(">", 0))
}

// processesNaming lists processes whose command line contains text. It finds
// none where there is no /proc.
func processesNaming(t *testing.T, text string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if strings.Contains(string(line), text) && pid != os.Getpid() {
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}
