package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/onsi/gomega"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/product"
)

// The shipped pods have a read-only file system and no volume to write to.
func TestTheDiskIsReadOnly(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	webhook, controller := c.webhook(), c.controller()
	c.attached(c.enable(2)...)
	c.expectAnswers(1)
	for _, p := range []*product.Process{webhook, controller} {
		dir, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", p.PID()))
		if err != nil {
			t.Skipf("the folder of a process is not known on this system: %v", err)
		}
		c.Expect(os.WriteFile(filepath.Join(dir, "kong-latency-test"), nil, 0o600)).NotTo(gomega.Succeed(), "its folder can be written to")
		environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.PID()))
		c.Expect(err).NotTo(gomega.HaveOccurred())
		for _, variable := range []string{"HOME=", "TMPDIR="} {
			c.Expect(string(environment)).To(gomega.ContainSubstring(variable+dir+"\x00"), "nor may others")
		}
	}
}
