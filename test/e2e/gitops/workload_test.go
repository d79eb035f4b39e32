package gitops

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/e2e/stack"
	"github.com/kong-latency/kong-latency/test/guide"
)

// Bounds of the sample's autoscaler.
const most = 10

// workload is the annotated echo of one test, with a unique name.
type workload struct {
	*gomega.WithT
	t         *testing.T
	ctx       context.Context
	namespace string
	name      string
	// manifest is the manifest in Git, always with replicas: 1.
	manifest *unstructured.Unstructured
	history  *history
}

// newWorkload reads the sample and starts watching. Nothing is created.
func newWorkload(t *testing.T, name string, edits ...func(*unstructured.Unstructured)) *workload {
	t.Helper()
	g := gomega.NewWithT(t)
	g.SetDefaultEventuallyTimeout(2 * time.Minute)
	g.SetDefaultEventuallyPollingInterval(100 * time.Millisecond)
	w := &workload{WithT: g, t: t, ctx: t.Context(), namespace: stack.Echo.Namespace, name: name, manifest: sample(t)}
	w.manifest.SetName(name)
	// The Service selects the pods of all workloads, each Deployment only its pods.
	labels := map[string]any{"app": "echo", "copy": name}
	for _, path := range [][]string{{"spec", "selector", "matchLabels"}, {"spec", "template", "metadata", "labels"}} {
		g.Expect(unstructured.SetNestedMap(w.manifest.Object, labels, path...)).To(gomega.Succeed())
	}
	for _, edit := range edits {
		edit(w.manifest)
	}
	w.namespace = w.manifest.GetNamespace()
	replicas, _, err := unstructured.NestedInt64(w.manifest.Object, "spec", "replicas")
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(replicas).To(gomega.BeEquivalentTo(1), "what the manifest says")
	w.history = follow(w)
	return w
}

// sample returns the Deployment of config/samples/echo.yaml.
func sample(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(controlplane.RepoRoot(), "config/samples/echo.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	objects, err := guide.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if o.GetKind() != "Deployment" {
			continue
		}
		// Decoded again, with integers as integers.
		if err := o.UnmarshalJSON([]byte(encode(t, o))); err != nil {
			t.Fatal(err)
		}
		return o
	}
	t.Fatal("the sample has no Deployment")
	return nil
}

// key is the key of the Deployment and its autoscaler.
func (w *workload) key() client.ObjectKey {
	return client.ObjectKey{Namespace: w.namespace, Name: w.name}
}

// yaml returns the manifest for kubectl.
func (w *workload) yaml() string { return encode(w.t, w.manifest) }

func encode(t *testing.T, objects ...*unstructured.Unstructured) string {
	t.Helper()
	var text bytes.Buffer
	for _, o := range objects {
		raw, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(raw, '\n'))
	}
	return text.String()
}

// kubectl runs kubectl, which must succeed, and returns its output.
func (w *workload) kubectl(input string, args ...string) string {
	w.t.Helper()
	output, err := cluster.Kubectl(w.ctx, input, args...)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	return output
}

// edit runs kubectl edit with a command of sed as the editor.
func (w *workload) edit(sed string) {
	w.t.Helper()
	cmd := cluster.Command(w.ctx, "kubectl", "edit", "deployment", w.name, "--namespace="+w.namespace)
	cmd.Env = append(cmd.Env, "KUBE_EDITOR=sed -i '"+sed+"'")
	output, err := cmd.CombinedOutput()
	w.Expect(err).NotTo(gomega.HaveOccurred(), string(output))
	w.Expect(string(output)).To(gomega.ContainSubstring("edited"), "the editor changed nothing")
}

// deployment returns the live Deployment.
func (w *workload) deployment() *appsv1.Deployment {
	w.t.Helper()
	var d appsv1.Deployment
	w.Expect(cluster.Admin().Get(w.ctx, w.key(), &d)).To(gomega.Succeed())
	return &d
}

// hpa returns the live autoscaler, or nil.
func (w *workload) hpa() *autoscalingv2.HorizontalPodAutoscaler {
	w.t.Helper()
	var h autoscalingv2.HorizontalPodAutoscaler
	err := cluster.Admin().Get(w.ctx, w.key(), &h)
	if apierrors.IsNotFound(err) {
		return nil
	}
	w.Expect(err).NotTo(gomega.HaveOccurred())
	return &h
}

// attached waits for the autoscaler and returns it.
func (w *workload) attached() *autoscalingv2.HorizontalPodAutoscaler {
	w.t.Helper()
	var h *autoscalingv2.HorizontalPodAutoscaler
	w.Eventually(func() any { h = w.hpa(); return h }).ShouldNot(gomega.BeNil())
	return h
}

// scaledOut waits until the autoscaler has scaled to its maximum.
func (w *workload) scaledOut() {
	w.t.Helper()
	w.Eventually(func() moment { return w.history.now() }).Should(
		gomega.Equal(moment{spec: most, status: most, wanted: most}), w.history.String)
}

// settled waits until the status no longer changes: it counts as a difference.
func (w *workload) settled() {
	w.t.Helper()
	w.Eventually(func(g gomega.Gomega) {
		d := w.deployment()
		g.Expect(d.Status.ObservedGeneration).To(gomega.Equal(d.Generation))
		g.Expect([]int32{d.Status.UpdatedReplicas, d.Status.ReadyReplicas, d.Status.AvailableReplicas}).To(gomega.HaveEach(gomega.BeEquivalentTo(most)))
	}).Should(gomega.Succeed())
}

// stays expects the autoscaler to be unchanged, without marks of a tool.
func (w *workload) stays(before *autoscalingv2.HorizontalPodAutoscaler) {
	w.t.Helper()
	now := w.hpa()
	w.Expect(now).NotTo(gomega.BeNil(), "the autoscaler was taken away")
	w.Expect(now.UID).To(gomega.Equal(before.UID), "the autoscaler was made anew")
	w.Expect(now.DeletionTimestamp).To(gomega.BeNil(), "the autoscaler is being deleted")
	w.Expect(now.Spec).To(gomega.Equal(before.Spec))
	w.Expect(now.Labels).To(gomega.Equal(before.Labels))
	w.Expect(now.Annotations).To(gomega.Equal(before.Annotations))
	w.Expect(metav1.GetControllerOf(now)).To(gomega.Equal(metav1.GetControllerOf(before)))
}

// with sets labels and annotations, given as "label key=value" or "annotation key=value".
func with(marks ...string) func(*unstructured.Unstructured) {
	return func(o *unstructured.Unstructured) {
		labels, annotations := o.GetLabels(), o.GetAnnotations()
		if labels == nil {
			labels = map[string]string{}
		}
		if annotations == nil {
			annotations = map[string]string{}
		}
		for _, mark := range marks {
			kind, pair, _ := strings.Cut(mark, " ")
			key, value, _ := strings.Cut(pair, "=")
			if kind == "label" {
				labels[key] = value
			} else {
				annotations[key] = value
			}
		}
		o.SetLabels(labels)
		o.SetAnnotations(annotations)
	}
}
