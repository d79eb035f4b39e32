package install

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/test/controlplane"
)

// TestPage runs every command of docs/install.md, in the order of the page.
func TestPage(t *testing.T) {
	g := newG(t)
	page, err := os.ReadFile(filepath.Join(controlplane.RepoRoot(), "docs", "install.md"))
	g.Expect(err).NotTo(gomega.HaveOccurred())
	blocks := shellBlocks(string(page))
	g.Expect(len(blocks)).To(gomega.BeNumerically(">", 10))

	// The page assumes that this namespace exists.
	monitoring := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "monitoring"}}
	g.Expect(admin.Create(t.Context(), monitoring)).To(gomega.Succeed())
	t.Cleanup(func() {
		kubectlAfter(t, "delete", "-k", "config/default", "--ignore-not-found") // the last block leaves it installed
		kubectlAfter(t, "delete", "namespace", monitoring.Name)
	})

	// The page writes files beside these folders.
	root := t.TempDir()
	for _, folder := range []string{"config", "charts"} {
		source := os.DirFS(filepath.Join(controlplane.RepoRoot(), folder))
		g.Expect(os.CopyFS(filepath.Join(root, folder), source)).To(gomega.Succeed())
	}
	for _, block := range blocks {
		cmd := exec.CommandContext(t.Context(), "sh", "-euc", block)
		cmd.Dir = root
		cmd.Env = environment(t)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, block, out)
		}
		t.Logf("%s\n%s", block, out)
	}
}

// shellBlocks returns the blocks of a Markdown page that are fenced as sh.
func shellBlocks(page string) []string {
	var blocks []string
	for _, part := range strings.Split(page, "\n```sh\n")[1:] {
		block, _, _ := strings.Cut(part, "\n```\n")
		blocks = append(blocks, block)
	}
	return blocks
}
