package gitops

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// upgrades is the number of upgrades of a release with the same chart.
const upgrades = 10

// Helm uses three-way patches or server-side apply. With the latter, its default, the
// upgrade fails with a conflict, and succeeds if the chart has no spec.replicas.
func TestHelmUpgradeKeepsReplicas(t *testing.T) {
	tests := map[string]struct {
		install, upgrade []string
		// conflicts says whether Helm may report a conflict.
		conflicts bool
	}{
		"by-three-way-patch":   {install: []string{"--server-side=false"}, upgrade: []string{"--server-side=false"}},
		"with-force-conflicts": {upgrade: []string{"--server-side=true", "--force-conflicts"}},
		"by-default":           {conflicts: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkload(t, "helm-"+name)
			chart := t.TempDir()
			w.writeChart(chart)
			output, err := w.helm(slices.Concat([]string{"install", w.name, chart}, tt.install)...)
			w.Expect(err).NotTo(gomega.HaveOccurred(), output)
			hpa := w.attached()
			w.scaledOut()
			upgrade := slices.Concat([]string{"upgrade", w.name, chart}, tt.upgrade)
			for range upgrades {
				output, err := w.helm(upgrade...)
				if err != nil {
					w.Expect(tt.conflicts).To(gomega.BeTrue(), output)
					w.Expect(conflicts(output)).To(gomega.HaveEach(gomega.HavePrefix(`"kube-controller-manager"`)), output)
				}
			}
			unstructured.RemoveNestedField(w.manifest.Object, "spec", "replicas")
			w.writeChart(chart)
			output, err = w.helm(upgrade...)
			w.Expect(err).NotTo(gomega.HaveOccurred(), output)
			w.scaledOut()
			w.neverFell()
			w.neverFlapped()
			w.stays(hpa)
		})
	}
}

// writeChart writes a chart with only the manifest.
func (w *workload) writeChart(dir string) {
	w.t.Helper()
	for name, text := range map[string]string{
		"Chart.yaml":                "apiVersion: v2\nname: echo\nversion: 1.0.0\n",
		"templates/deployment.yaml": w.yaml(),
	} {
		file := filepath.Join(dir, name)
		w.Expect(os.MkdirAll(filepath.Dir(file), 0o700)).To(gomega.Succeed())
		w.Expect(os.WriteFile(file, []byte(text), 0o600)).To(gomega.Succeed())
	}
}

func (w *workload) helm(args ...string) (string, error) {
	output, err := cluster.Command(w.ctx, "helm", append(args, "--namespace="+w.namespace)...).CombinedOutput()
	return string(output), err
}
