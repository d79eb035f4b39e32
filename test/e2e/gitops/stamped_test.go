package gitops

import (
	"testing"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/test/guide"
)

// stamped is a namespace without traffic.
const stamped = "stamped"

// stamping is a policy that auto-attaches there.
const stamping = `
apiVersion: kong.latency/v1alpha1
kind: LatencyPolicy
metadata:
  name: stamping
spec:
  namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: stamped
  autoAttach:
    targetMilliseconds: 50
`

// The annotations of auto-attach are in no manifest. Tools that apply the manifest must
// neither remove them nor make them flap.
func TestAutoAttachAnnotationsNeverFlap(t *testing.T) {
	t.Parallel()
	g := gomega.NewWithT(t)
	g.Expect(cluster.Admin().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: stamped, Labels: map[string]string{"kong.latency/auto-attach": "enabled"},
	}})).To(gomega.Succeed())
	policies, err := guide.Decode([]byte(stamping))
	g.Expect(err).NotTo(gomega.HaveOccurred())
	for _, p := range policies {
		g.Expect(cluster.Admin().Create(t.Context(), p)).To(gomega.Succeed())
	}
	for _, name := range []string{
		"kubectl-apply", "kubectl-replace", "three-way-patch-of-helm", "server-side-apply-of-argo-cd", "server-side-apply-of-flux",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkload(t, name, func(o *unstructured.Unstructured) {
				o.SetNamespace(stamped)
				o.SetAnnotations(nil)
			})
			w.Expect(cluster.Admin().Create(w.ctx, &corev1.Service{
				ObjectMeta: metav1.ObjectMeta{Namespace: stamped, Name: name},
				Spec:       corev1.ServiceSpec{Selector: map[string]string{"copy": name}, Ports: []corev1.ServicePort{{Port: 80}}},
			})).To(gomega.Succeed())
			w.Eventually(func(g gomega.Gomega) { // the webhook knows namespace, policy and Service
				dry := w.manifest.DeepCopy()
				g.Expect(cluster.Admin().Create(w.ctx, dry, client.DryRunAll)).To(gomega.Succeed())
				g.Expect(dry.GetAnnotations()).To(gomega.HaveKeyWithValue(annotations.TargetMS, "50"))
			}).Should(gomega.Succeed())
			way := ways[name]
			way.create(w)
			hpa := w.attached()
			w.applyAgain(way)
			w.neverFlapped()
			w.stays(hpa)
		})
	}
}
