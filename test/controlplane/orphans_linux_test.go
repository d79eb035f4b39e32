package controlplane_test

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// A killed parent cannot stop its children; the kernel has to.
func TestProcessesDieWithAKilledParent(t *testing.T) {
	g := NewWithT(t)
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentEnv+"=1", "TMPDIR="+t.TempDir())
	_, err := parent.StdinPipe() // stays open
	g.Expect(err).NotTo(HaveOccurred())
	out, err := parent.StdoutPipe()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(parent.Start()).To(Succeed())
	line, err := bufio.NewReader(out).ReadString('\n')
	g.Expect(err).NotTo(HaveOccurred())
	dir := strings.TrimSpace(line)

	g.Expect(processesNaming(t, dir)).To(HaveLen(2), "etcd and kube-apiserver run")
	g.Expect(parent.Process.Kill()).To(Succeed())
	g.Eventually(func() []string { return processesNaming(t, dir) }).WithTimeout(waitBound).Should(BeEmpty())
	g.Expect(parent.Wait()).To(MatchError(ContainSubstring("killed")))
}
