package gitops

import (
	"testing"
	"time"

	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	healFor   = time.Minute
	healEvery = 3 * time.Second
)

// The marks by which the tools recognise their objects.
var (
	argoCD = []string{
		"label app.kubernetes.io/instance=shop",
		"annotation argocd.argoproj.io/tracking-id=shop:apps/Deployment:default/echo",
	}
	flux = []string{
		"label kustomize.toolkit.fluxcd.io/name=shop",
		"label kustomize.toolkit.fluxcd.io/namespace=flux-system",
	}
)

// A tool applies its manifest every few seconds for a minute from the beginning, while
// the autoscaler is attached and scales out.
func TestSelfHealWhileItScales(t *testing.T) {
	tests := map[string]struct {
		marks []string
		heal  func(*workload)
	}{
		"argo-cd-by-three-way-patch": {argoCD, func(w *workload) {
			w.kubectl(w.yaml(), "apply", "--field-manager=argocd-controller", "-f", "-")
		}},
		"argo-cd-by-server-side-apply": {argoCD, func(w *workload) {
			w.kubectl(w.yaml(), "apply", "--server-side", "--force-conflicts", "--field-manager=argocd-controller", "-f", "-")
		}},
		"flux": {flux, func(w *workload) {
			w.Expect(w.serverSideApply("kustomize-controller", client.ForceOwnership)).To(gomega.Succeed())
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkload(t, "self-heal-of-"+name, with(tt.marks...))
			ticker := time.NewTicker(healEvery)
			defer ticker.Stop()
			for end := time.Now().Add(healFor); time.Now().Before(end); <-ticker.C {
				tt.heal(w)
			}
			hpa := w.attached()
			w.scaledOut()
			tt.heal(w)
			w.neverFell()
			w.neverFlapped()
			w.stays(hpa)
		})
	}
}

// Flux applies only what a dry run would change. After the first time that is nothing,
// even when the autoscaler scales.
func TestFluxSeesNoDrift(t *testing.T) {
	t.Parallel()
	w := newWorkload(t, "drift-of-flux", with(flux...))
	w.Expect(w.serverSideApply("kustomize-controller", client.ForceOwnership)).To(gomega.Succeed())
	w.attached()
	ticker := time.NewTicker(healEvery)
	defer ticker.Stop()
	for end := time.Now().Add(healFor); w.history.now().spec < most && time.Now().Before(end); <-ticker.C {
		w.driftless()
	}
	w.scaledOut()
	w.driftless()
	w.neverFell()
}

// driftless expects a dry run of the manifest to change nothing. It retries if the
// autoscaler scales at that moment.
func (w *workload) driftless() {
	w.t.Helper()
	w.Eventually(func(g gomega.Gomega) {
		before := w.live()
		dry := w.manifest.DeepCopy()
		w.Expect(cluster.Admin().Apply(w.ctx, client.ApplyConfigurationFromUnstructured(dry),
			client.FieldOwner("kustomize-controller"), client.ForceOwnership, client.DryRunAll)).To(gomega.Succeed())
		after := w.live()
		g.Expect(after.GetResourceVersion()).To(gomega.Equal(before.GetResourceVersion()))
		w.Expect(dry.Object["spec"]).To(gomega.Equal(after.Object["spec"]))
		w.Expect(dry.GetLabels()).To(gomega.Equal(after.GetLabels()))
		w.Expect(dry.GetAnnotations()).To(gomega.Equal(after.GetAnnotations()))
	}).Should(gomega.Succeed())
}

// live returns the whole live Deployment.
func (w *workload) live() *unstructured.Unstructured {
	w.t.Helper()
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(w.manifest.GroupVersionKind())
	w.Expect(cluster.Admin().Get(w.ctx, w.key(), live)).To(gomega.Succeed())
	return live
}
