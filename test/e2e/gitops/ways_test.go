package gitops

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// way is how a tool applies a manifest: by kubectl, or by the one API call that kubectl
// makes in the end, which is ten times faster.
type way struct {
	create  func(*workload)
	kubectl func(*workload)
	call    func(*workload) error
}

// ways by name, which is also the name of the workload.
var ways = map[string]way{
	"kubectl-apply": {
		create:  (*workload).clientSideApply,
		kubectl: (*workload).clientSideApply,
		call: func(w *workload) error {
			return w.threeWay("kubectl-client-side-apply", w.deployment().Annotations[corev1.LastAppliedConfigAnnotation])
		},
	},
	"server-side-apply":            serverSideApply("kubectl"),
	"server-side-apply-of-argo-cd": serverSideApply("argocd-controller"),
	"server-side-apply-of-flux":    serverSideApply("kustomize-controller"),
	"kubectl-replace": {
		create:  (*workload).create,
		kubectl: (*workload).replace,
		call: func(w *workload) error {
			return cluster.Admin().Update(w.ctx, w.manifest.DeepCopy(), client.FieldOwner("kubectl-replace"))
		},
	},
	"kubectl-edit": {
		create:  (*workload).create,
		kubectl: func(w *workload) { w.edit(fmt.Sprintf("s/^  replicas: %d$/  replicas: 1/", most)) },
		call:    func(w *workload) error { return w.patch("kubectl-edit", types.StrategicMergePatchType, oneReplica) },
	},
	"merge-patch":           patch("merge", types.MergePatchType, oneReplica),
	"strategic-merge-patch": patch("strategic", types.StrategicMergePatchType, oneReplica),
	"json-patch":            patch("json", types.JSONPatchType, `[{"op":"replace","path":"/spec/replicas","value":1}]`),
	// Helm 3 uses the previous release as the original, and adds no annotation.
	"three-way-patch-of-helm": {
		create: (*workload).create,
		kubectl: func(w *workload) {
			w.kubectl("", "patch", "deployment", w.name, "--namespace="+w.namespace, "--type=strategic", "-p", string(w.threeWayPatch("")))
		},
		call: func(w *workload) error { return w.threeWay("helm", "") },
	},
}

const oneReplica = `{"spec":{"replicas":1}}`

func (w *workload) create()          { w.kubectl(w.yaml(), "create", "-f", "-") }
func (w *workload) clientSideApply() { w.kubectl(w.yaml(), "apply", "-f", "-") }

// replace retries when the Deployment has changed in the meantime: kubectl replaces the
// version that it has read.
func (w *workload) replace() {
	w.t.Helper()
	w.Eventually(func() error {
		output, err := cluster.Kubectl(w.ctx, w.yaml(), "replace", "-f", "-")
		if err != nil && !strings.Contains(output, "(Conflict)") {
			w.t.Fatal(err)
		}
		return err
	}).Should(gomega.Succeed())
}

// serverSideApply forces ownership of every field in the manifest.
func serverSideApply(manager string) way {
	apply := func(w *workload) {
		w.kubectl(w.yaml(), "apply", "--server-side", "--force-conflicts", "--field-manager="+manager, "-f", "-")
	}
	return way{create: apply, kubectl: apply, call: func(w *workload) error {
		return w.serverSideApply(manager, client.ForceOwnership)
	}}
}

func (w *workload) serverSideApply(manager string, options ...client.ApplyOption) error {
	return cluster.Admin().Apply(w.ctx, client.ApplyConfigurationFromUnstructured(w.manifest.DeepCopy()),
		append(options, client.FieldOwner(manager))...)
}

func patch(name string, kind types.PatchType, text string) way {
	return way{
		create: (*workload).create,
		kubectl: func(w *workload) {
			w.kubectl("", "patch", "deployment", w.name, "--namespace="+w.namespace, "--type="+name, "-p", text)
		},
		call: func(w *workload) error { return w.patch("kubectl-patch", kind, text) },
	}
}

func (w *workload) patch(manager string, kind types.PatchType, text string) error {
	d := &appsv1.Deployment{}
	d.Namespace, d.Name = w.namespace, w.name
	return cluster.Admin().Patch(w.ctx, d, client.RawPatch(kind, []byte(text)), client.FieldOwner(manager))
}

// threeWay sends the patch from the last applied manifest to the current one.
func (w *workload) threeWay(manager, lastApplied string) error {
	return w.patch(manager, types.StrategicMergePatchType, string(w.threeWayPatch(lastApplied)))
}

// threeWayPatch removes what the manifest no longer has, and sets what differs from the
// live object: spec.replicas each time after it was scaled. lastApplied is the
// annotation of kubectl apply, if any.
func (w *workload) threeWayPatch(lastApplied string) []byte {
	w.t.Helper()
	modified := w.manifest.DeepCopy()
	original, err := json.Marshal(modified)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	if lastApplied != "" {
		original = []byte(lastApplied)
		with("annotation " + corev1.LastAppliedConfigAnnotation + "=" + lastApplied)(modified)
	}
	next, err := json.Marshal(modified)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	live, err := json.Marshal(w.deployment())
	w.Expect(err).NotTo(gomega.HaveOccurred())
	schema, err := strategicpatch.NewPatchMetaFromStruct(appsv1.Deployment{})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	text, err := strategicpatch.CreateThreeWayMergePatch(original, next, live, schema, true)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	return text
}
