package gitops

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The number of times that a manifest is applied again; every fifth is by kubectl.
const (
	times     = 50
	byKubectl = 5
)

// The manifest has one replica, the autoscaler wants ten: applying the manifest again
// keeps ten at every moment.
func TestApplyingAgainKeepsReplicas(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkload(t, name)
			way.create(w)
			hpa := w.attached()
			w.scaledOut()
			w.applyAgain(way)
			w.scaledOut()
			w.neverFell()
			w.neverFlapped()
			w.stays(hpa)
		})
	}
}

// applyAgain applies the same manifest fifty times.
func (w *workload) applyAgain(way way) {
	w.t.Helper()
	for i := range times {
		if i%byKubectl == 0 {
			way.kubectl(w)
		} else {
			w.Expect(way.call(w)).To(gomega.Succeed())
		}
	}
}

// Without force, server-side apply conflicts with kube-controller-manager, which scales,
// and nobody else: the product owns no field of the Deployment.
func TestServerSideApplyWithoutForceConflictsWithTheAutoscalerAlone(t *testing.T) {
	t.Parallel()
	w := newWorkload(t, "server-side-apply-without-force")
	apply := []string{"apply", "--server-side", "-f", "-"}
	w.kubectl(w.yaml(), apply...)
	hpa := w.attached()
	w.scaledOut()
	for i := range times {
		if i%byKubectl == 0 {
			if output, err := cluster.Kubectl(w.ctx, w.yaml(), apply...); err != nil {
				w.Expect(conflicts(output)).To(gomega.HaveEach(gomega.HavePrefix(`"kube-controller-manager"`)), output)
			}
			continue
		}
		err := w.serverSideApply("kubectl")
		if err == nil {
			continue
		}
		w.Expect(apierrors.IsConflict(err)).To(gomega.BeTrue(), err.Error())
		w.Expect(conflicts(err.Error())).To(gomega.HaveEach(gomega.HavePrefix(`"kube-controller-manager"`)), err.Error())
	}
	w.scaledOut()
	w.neverFell()
	w.neverFlapped()
	w.stays(hpa)
	for _, entry := range w.deployment().ManagedFields {
		w.Expect(entry.Manager).NotTo(gomega.ContainSubstring("kong-latency"))
	}
}

// Removing spec.replicas from a manifest would set the default, 1, if nobody else owns
// the field.
func TestRemovingReplicasFromTheManifestKeepsReplicas(t *testing.T) {
	for _, name := range []string{
		"kubectl-apply", "kubectl-replace", "three-way-patch-of-helm", "server-side-apply", "server-side-apply-of-flux",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, way := newWorkload(t, "loses-"+name), ways[name]
			way.create(w)
			hpa := w.attached()
			w.scaledOut()
			way.kubectl(w) // with replicas, so that its field manager owns the field
			unstructured.RemoveNestedField(w.manifest.Object, "spec", "replicas")
			way.kubectl(w)
			w.Expect(way.call(w)).To(gomega.Succeed())
			w.scaledOut()
			w.neverFell()
			w.stays(hpa)
		})
	}
}

// conflicts returns what follows each `conflict with` or `conflicts with` in an error,
// possibly quoted.
func conflicts(text string) []string {
	text = strings.ReplaceAll(text, `\"`, `"`)
	var found []string
	for _, word := range []string{"conflict with ", "conflicts with "} {
		for i, part := range strings.Split(text, word) {
			if i > 0 {
				found = append(found, part)
			}
		}
	}
	return found
}

// Manifests are applied while the number of replicas changes: each must keep the current
// number.
func TestApplyingWithoutPauseWhileItScales(t *testing.T) {
	t.Parallel()
	w := newWorkload(t, "without-pause")
	w.Expect(w.serverSideApply("kubectl", client.ForceOwnership)).To(gomega.Succeed())
	hpa := w.attached()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	applied := 0
	for end := time.Now().Add(time.Minute); w.history.now().spec < most && time.Now().Before(end); applied++ {
		w.Expect(w.serverSideApply("kubectl", client.ForceOwnership)).To(gomega.Succeed())
		<-ticker.C
	}
	t.Logf("applied %d times", applied)
	w.scaledOut()
	w.neverFell()
	w.stays(hpa)
}

// Applying again would change nothing, although the manifest has one replica.
func TestDiffIsEmptyAfterAnApply(t *testing.T) {
	tests := map[string][]string{
		"client-side":            nil,
		"server-side":            {"--server-side", "--force-conflicts"},
		"server-side-of-argo-cd": {"--server-side", "--force-conflicts", "--field-manager=argocd-controller"},
		"server-side-of-flux":    {"--server-side", "--force-conflicts", "--field-manager=kustomize-controller"},
	}
	for name, flags := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkload(t, "diff-"+name)
			apply := append([]string{"apply", "-f", "-"}, flags...)
			w.kubectl(w.yaml(), apply...)
			w.scaledOut()
			w.settled()
			diff := append([]string{"diff", "-f", "-"}, flags...)
			w.Expect(w.kubectl(w.yaml(), diff...)).To(saysNoDifference()) // kubectl fails if there is one
			w.kubectl(w.yaml(), apply...)
			w.Expect(w.kubectl(w.yaml(), diff...)).To(saysNoDifference())
			w.Expect(w.kubectl(w.yaml(), append(apply, "--dry-run=server", "--output=jsonpath=replicas:{.spec.replicas}")...)).
				To(gomega.ContainSubstring(fmt.Sprintf("replicas:%d", most)))
			w.neverFell()
		})
	}
}

// saysNoDifference ignores warnings: a difference begins with "diff ".
func saysNoDifference() gomega.OmegaMatcher {
	return gomega.Not(gomega.MatchRegexp(`(?m)^(diff|\+|-)`))
}
