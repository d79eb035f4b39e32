package gitops

import (
	"fmt"
	"testing"

	"github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
)

var (
	hpaKind    = schema.GroupVersionKind{Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler"}
	statusKind = v1alpha1.GroupVersion.WithKind("LatencyAutoscaler")
)

// reported waits for the workload's LatencyAutoscaler and returns it.
func (w *workload) reported() *unstructured.Unstructured {
	w.t.Helper()
	la := &unstructured.Unstructured{}
	la.SetGroupVersionKind(statusKind)
	w.Eventually(func() error { return cluster.Admin().Get(w.ctx, w.key(), la) }).Should(gomega.Succeed())
	return la
}

// staysReported expects that nothing deleted the LatencyAutoscaler, which has no mark of a
// tool.
func (w *workload) staysReported(before *unstructured.Unstructured) {
	w.t.Helper()
	now := w.reported()
	w.Expect(now.GetUID()).To(gomega.Equal(before.GetUID()), "the LatencyAutoscaler was deleted")
	w.Expect(now.GetDeletionTimestamp()).To(gomega.BeNil())
	w.Expect(now.GetLabels()).To(gomega.Equal(map[string]string{"app.kubernetes.io/managed-by": "kong-latency"}))
	w.Expect(now.GetAnnotations()).To(gomega.BeEmpty())
}

// dropped is an autoscaler that was removed from Git, to show that pruning works. Its
// target does not exist.
func dropped(w *workload) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{
			"minReplicas": int64(1), "maxReplicas": int64(2),
			"scaleTargetRef": map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": w.name + "-former"},
		},
	}}
	o.SetGroupVersionKind(hpaKind)
	o.SetNamespace(w.namespace)
	o.SetName(w.name + "-former")
	o.SetLabels(w.manifest.GetLabels())
	o.SetAnnotations(w.manifest.GetAnnotations())
	return o
}

func (w *workload) gone(o *unstructured.Unstructured) {
	w.t.Helper()
	err := cluster.Admin().Get(w.ctx, client.ObjectKeyFromObject(o), o.DeepCopy())
	w.Expect(apierrors.IsNotFound(err)).To(gomega.BeTrue(), "%s %s was not pruned: %v", o.GetKind(), o.GetName(), err)
}

// A label selects the objects of an application, and kubectl deletes those that are not
// in the manifest.
func TestPruneByLabel(t *testing.T) {
	t.Parallel()
	w := newWorkload(t, "prune-by-label", with("label app.kubernetes.io/instance=prune-by-label"))
	former := dropped(w)
	w.kubectl(encode(t, w.manifest, former), "apply", "-f", "-")
	hpa, la := w.attached(), w.reported()
	w.scaledOut()
	output := w.kubectl(w.yaml(), "apply", "-f", "-", "--prune", "-l", "app.kubernetes.io/instance=prune-by-label",
		"--prune-allowlist=apps/v1/Deployment", "--prune-allowlist=autoscaling/v2/HorizontalPodAutoscaler",
		"--prune-allowlist=kong.latency/v1alpha1/LatencyAutoscaler")
	w.gone(former)
	w.stays(hpa)
	w.staysReported(la)
	w.Expect(output).NotTo(gomega.ContainSubstring(w.name + " pruned"))
	w.neverFell()
}

// Argo CD deletes objects with its tracking annotation that are not in Git.
func TestPruneByTrackingAnnotation(t *testing.T) {
	t.Parallel()
	const tracking = "argocd.argoproj.io/tracking-id"
	w := newWorkload(t, "prune-by-annotation", with("annotation "+tracking+"=tracked:apps/Deployment:default/prune-by-annotation"))
	former := dropped(w)
	w.kubectl(encode(t, w.manifest, former), "apply", "--server-side", "--field-manager=argocd-controller", "-f", "-")
	hpa, la := w.attached(), w.reported()
	w.scaledOut()
	pruned := w.prune(func(o *unstructured.Unstructured) bool {
		return o.GetAnnotations()[tracking] == w.manifest.GetAnnotations()[tracking]
	})
	w.Expect(pruned).To(gomega.ConsistOf(former.GetName()))
	w.gone(former)
	w.stays(hpa)
	w.staysReported(la)
	w.neverFell()
}

// Flux deletes objects of its inventory that are no longer in Git, if they still have
// its labels. No other object has them.
func TestPruneByInventory(t *testing.T) {
	t.Parallel()
	const owner = "kustomize.toolkit.fluxcd.io/name"
	w := newWorkload(t, "prune-by-inventory", with("label "+owner+"=inventory", "label kustomize.toolkit.fluxcd.io/namespace=flux-system"))
	former := dropped(w)
	inventory := []*unstructured.Unstructured{w.manifest, former}
	for _, o := range inventory {
		w.Expect(cluster.Admin().Apply(w.ctx, client.ApplyConfigurationFromUnstructured(o.DeepCopy()),
			client.FieldOwner("kustomize-controller"), client.ForceOwnership)).To(gomega.Succeed())
	}
	hpa, la := w.attached(), w.reported()
	w.scaledOut()
	pruned := w.prune(func(o *unstructured.Unstructured) bool { return o.GetLabels()[owner] == "inventory" })
	w.Expect(pruned).To(gomega.ConsistOf(former.GetName()), "all that carries the labels is in the inventory")
	w.gone(former)
	w.stays(hpa)
	w.staysReported(la)
	w.neverFell()
}

// prune deletes every Deployment, autoscaler and LatencyAutoscaler of an application except the workload's
// Deployment, and returns the names.
func (w *workload) prune(belongs func(*unstructured.Unstructured) bool) []string {
	w.t.Helper()
	var pruned []string
	for _, kind := range []schema.GroupVersionKind{hpaKind, statusKind, w.manifest.GroupVersionKind()} {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
		w.Expect(cluster.Admin().List(w.ctx, list, client.InNamespace(w.namespace))).To(gomega.Succeed())
		for i := range list.Items {
			o := &list.Items[i]
			inGit := o.GetKind() == w.manifest.GetKind() && o.GetName() == w.name
			if !belongs(o) || inGit {
				continue
			}
			w.Expect(cluster.Admin().Delete(w.ctx, o)).To(gomega.Succeed(), fmt.Sprintf("delete %s", o.GetName()))
			pruned = append(pruned, o.GetName())
		}
	}
	return pruned
}
