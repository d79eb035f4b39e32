package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/internal/annotations"
)

// small returns an enabled manifest with one replica.
func small(name string) manifest {
	return manifest{name: name, image: "echo:1", replicas: 1, annotations: enabled()}
}

// grown applies a manifest, and scales it to seven replicas with a managed autoscaler
// that the webhook knows.
func (e *env) grown(m manifest, apply ...string) {
	e.t.Helper()
	e.create(e.service(m.name, nil))
	e.mustKubectl(m.String(), apply...)
	e.attached(m.name)
	e.scale(m.name, 7)
	e.guarded(m.name)
}

var (
	clientSide = []string{"apply", "-f", "-"}
	serverSide = []string{"apply", "--server-side", "-f", "-"}
)

// guarded waits until the webhook knows the autoscaler of a Deployment.
func (e *env) guarded(name string) {
	e.t.Helper()
	e.Eventually(func() int32 { return e.dry(name, 2) }).Should(gomega.Equal(*e.workload(name).Spec.Replicas))
	e.warnings.take()
}

// dry returns the replicas that a dry run of setting replicas results in.
func (e *env) dry(name string, replicas int32) int32 {
	e.t.Helper()
	d := e.workload(name)
	patch := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas)
	e.Expect(e.client.Patch(e.ctx, d, client.RawPatch(types.MergePatchType, patch), client.DryRunAll)).To(gomega.Succeed())
	return *d.Spec.Replicas
}

// kept asserts that a change, for which kubectl printed warned, was made with the live
// number of replicas, and that the product owns no field of the Deployment.
func (e *env) kept(name, image, warned string, replicas, instead int32) {
	e.t.Helper()
	d := e.workload(name)
	e.Expect(*d.Spec.Replicas).To(gomega.Equal(replicas))
	e.Expect(d.Spec.Template.Spec.Containers[0].Image).To(gomega.Equal(image), "the guard kept more than the replicas")
	e.Expect(warned).To(gomega.ContainSubstring("kept spec.replicas at %d, as HPA %s has it, instead of %d", replicas, name, instead))
	e.Expect(warned).To(gomega.And(gomega.ContainSubstring("remove spec.replicas"), gomega.ContainSubstring(annotations.PreserveReplicas)))
	for _, f := range d.ManagedFields {
		e.Expect(f.Manager).NotTo(gomega.ContainSubstring("kong-latency"))
	}
}

func TestClientSideApplyKeepsTheLiveReplicas(t *testing.T) {
	e := newEnv(t)
	m := small("echo")
	e.grown(m, clientSide...)
	for i := range 2 {
		m.image = fmt.Sprintf("echo:%d", i+2)
		said := e.mustKubectl(m.String(), clientSide...)
		e.kept("echo", m.image, said.err, 7, 1)
	}
	// The removed field would get the API's default, which is one.
	m.replicas, m.image = 0, "echo:4"
	said := e.mustKubectl(m.String(), clientSide...)
	e.kept("echo", m.image, said.err, 7, 1)
	m.image = "echo:5"
	said = e.mustKubectl(m.String(), clientSide...)
	e.Expect(said.err).NotTo(gomega.ContainSubstring("kept spec.replicas"), "there is nothing to keep")
	e.Expect(*e.workload("echo").Spec.Replicas).To(gomega.BeEquivalentTo(7))
}

func TestServerSideApplyKeepsTheLiveReplicasWithoutConflict(t *testing.T) {
	e := newEnv(t)
	m := small("echo")
	e.grown(m, serverSide...)
	m.image = "echo:2"
	// kube-controller-manager scaled it and owns the field, also without the webhook.
	refused := e.kubectl(m.String(), serverSide...)
	e.Expect(refused.code).NotTo(gomega.BeZero())
	e.Expect(refused.err).To(gomega.ContainSubstring(`conflict with "kube-controller-manager" with subresource "scale"`))
	e.Expect(refused.err).NotTo(gomega.ContainSubstring("kong-latency"))

	said := e.mustKubectl(m.String(), append(serverSide, "--force-conflicts")...)
	e.kept("echo", "echo:2", said.err, 7, 1)
	// Now the applier owns it, and the webhook's change is not a conflict.
	m.image = "echo:3"
	said = e.mustKubectl(m.String(), serverSide...)
	e.kept("echo", "echo:3", said.err, 7, 1)
	m.image, m.replicas = "echo:4", 0
	said = e.mustKubectl(m.String(), serverSide...)
	e.kept("echo", "echo:4", said.err, 7, 1)
}

func TestServerSideApplyWithoutReplicasNeedsNoGuard(t *testing.T) {
	e := newEnv(t)
	m := small("echo")
	m.replicas = 0
	e.grown(m, serverSide...)
	m.image = "echo:2"
	said := e.mustKubectl(m.String(), serverSide...)
	e.Expect(said.err).NotTo(gomega.ContainSubstring("kept spec.replicas"))
	e.Expect(*e.workload("echo").Spec.Replicas).To(gomega.BeEquivalentTo(7))
}

func TestReplaceEditAndPatchKeepTheLiveReplicas(t *testing.T) {
	e := newEnv(t)
	m := small("echo")
	e.grown(m, clientSide...)
	m.image = "echo:2"
	var replaced said
	e.Eventually(func() int { // it can conflict with writes of kube-controller-manager
		replaced = e.kubectl(m.String(), "replace", "-f", "-")
		return replaced.code
	}).Should(gomega.BeZero())
	e.kept("echo", m.image, replaced.err, 7, 1)

	said := e.mustKubectl("", "patch", "deployment", "echo", "--patch",
		`{"spec":{"replicas":2,"template":{"spec":{"containers":[{"name":"echo","image":"echo:3"}]}}}}`)
	e.kept("echo", "echo:3", said.err, 7, 2)
	for kind, patch := range map[string]string{
		"merge": `{"spec":{"replicas":3}}`, "json": `[{"op":"replace","path":"/spec/replicas","value":3}]`,
	} {
		said = e.mustKubectl("", "patch", "deployment", "echo", "--type", kind, "--patch", patch)
		e.kept("echo", "echo:3", said.err, 7, 3)
	}

	said = e.kubectlWith([]string{"EDITOR=" + e.editor("s/^  replicas: 7$/  replicas: 4/; s/image: echo:3/image: echo:4/")},
		"", "edit", "deployment", "echo")
	e.Expect(said.code).To(gomega.BeZero(), said.err)
	e.kept("echo", "echo:4", said.err, 7, 4)
}

// editor returns a program that edits a file with a sed script.
func (e *env) editor(script string) string {
	e.t.Helper()
	path := filepath.Join(e.t.TempDir(), "editor")
	e.Expect(os.WriteFile(path, fmt.Appendf(nil, "#!/bin/sh\nsed -i '%s' \"$1\"\n", script), 0o700)).To(gomega.Succeed())
	return path
}

func TestThreeWayMergeLikeHelmKeepsTheLiveReplicas(t *testing.T) {
	e := newEnv(t)
	m := small("echo")
	e.grown(m, clientSide...)
	encode := func(m manifest) []byte {
		raw, err := yaml.YAMLToJSON([]byte(m.String()))
		e.Expect(err).NotTo(gomega.HaveOccurred())
		return raw
	}
	live, err := json.Marshal(e.workload("echo"))
	e.Expect(err).NotTo(gomega.HaveOccurred())
	meta, err := strategicpatch.NewPatchMetaFromStruct(appsv1.Deployment{})
	e.Expect(err).NotTo(gomega.HaveOccurred())
	patch, err := strategicpatch.CreateThreeWayMergePatch(encode(m), encode(m.with(func(m *manifest) { m.image = "echo:2" })), live, meta, true)
	e.Expect(err).NotTo(gomega.HaveOccurred())
	e.Expect(string(patch)).To(gomega.ContainSubstring(`"replicas":1`), "the patch does not set replicas")
	e.warnings.take()
	e.Expect(e.client.Patch(e.ctx, e.workload("echo"), client.RawPatch(types.StrategicMergePatchType, patch))).To(gomega.Succeed())
	e.kept("echo", "echo:2", strings.Join(e.warnings.take(), "\n"), 7, 1)
}

func TestDryRunAndDiffShowTheKeptReplicas(t *testing.T) {
	e := newEnv(t)
	m := small("echo")
	e.grown(m, clientSide...)
	said := e.mustKubectl(m.String(), "apply", "-f", "-", "--dry-run=server", "-o", "jsonpath={.spec.replicas}")
	e.Expect(said.out).To(gomega.Equal("7"))
	e.Expect(said.err).To(gomega.ContainSubstring("kept spec.replicas at 7"))

	e.mustKubectl(m.String(), clientSide...)
	e.noDiff(m)
	m.image = "echo:2"
	diff := e.kubectl(m.String(), "diff", "-f", "-")
	e.Expect(diff.code).To(gomega.Equal(1), "a diff must show real changes: "+diff.err)
	e.Expect(diff.out).To(gomega.ContainSubstring("echo:2"))
	e.Expect(diff.out).NotTo(gomega.MatchRegexp(`(?m)^[+-] +replicas:`))

	e.mustKubectl(m.String(), append(serverSide, "--force-conflicts")...)
	e.noDiff(m, "--server-side")
}

// noDiff waits until kubectl sees no difference. It compares the status, too, which
// changes between its two reads while pods come and go.
func (e *env) noDiff(m manifest, flags ...string) {
	e.t.Helper()
	var last said
	e.Eventually(func() int {
		last = e.kubectl(m.String(), append([]string{"diff", "-f", "-"}, flags...)...)
		return last.code
	}).WithTimeout(waitLong).WithPolling(time.Second).Should(gomega.BeZero(), func() string { return last.out + last.err })
}

func TestScalingToZeroAndBackIsAllowed(t *testing.T) {
	e := newEnv(t)
	m := small("echo")
	e.grown(m, clientSide...)
	for _, to := range []int{off, 2} {
		m.replicas = to
		said := e.mustKubectl(m.String(), clientSide...)
		e.Expect(said.err).NotTo(gomega.ContainSubstring("kept spec.replicas"))
		e.Expect(*e.workload("echo").Spec.Replicas).To(gomega.BeEquivalentTo(max(to, 0)))
	}
}

func TestPreserveReplicasFalseUsesTheManifest(t *testing.T) {
	e := newEnv(t)
	m := small("echo")
	e.grown(m, clientSide...)
	m.annotations[annotations.PreserveReplicas], m.replicas = "false", 3
	said := e.mustKubectl(m.String(), clientSide...)
	e.Expect(said.err).NotTo(gomega.ContainSubstring("kept spec.replicas"))
	e.Expect(*e.workload("echo").Spec.Replicas).To(gomega.BeEquivalentTo(3))

	// The same on the Service, of which the webhook learns a moment later.
	delete(m.annotations, annotations.PreserveReplicas)
	e.mustKubectl(m.String(), clientSide...)
	e.Expect(e.dry("echo", 5)).To(gomega.BeEquivalentTo(3))
	annotate(e, e.service("echo", nil), map[string]string{annotations.PreserveReplicas: "false"})
	e.Eventually(func() int32 { return e.dry("echo", 5) }).Should(gomega.BeEquivalentTo(5))
	m.replicas = 5
	e.mustKubectl(m.String(), clientSide...)
	e.Expect(*e.workload("echo").Spec.Replicas).To(gomega.BeEquivalentTo(5))
}

func TestScaleIsNeverGuarded(t *testing.T) {
	e := newEnv(t)
	e.grown(small("echo"), clientSide...)
	said := e.mustKubectl("", "scale", "deployment", "echo", "--replicas=3")
	e.Expect(said.err).To(gomega.BeEmpty())
	e.Expect(*e.workload("echo").Spec.Replicas).To(gomega.BeEquivalentTo(3))
	e.Expect(e.dry("echo", 2)).To(gomega.BeEquivalentTo(3), "the guard keeps the scaled number")
}

func TestLiveReplicasOutOfBoundsAreClamped(t *testing.T) {
	e := newEnv(t)
	m := small("echo")
	e.grown(m, clientSide...)
	apply := []string{"apply", "-f", "-", "-o", "jsonpath={.spec.replicas}"}
	m.annotations[annotations.MaxReplicas] = "5"
	said := e.mustKubectl(m.String(), apply...)
	e.Expect(said.out).To(gomega.Equal("5"))
	e.attached("echo", bounds(1, 5))
	m.annotations[annotations.MaxReplicas], m.annotations[annotations.MinReplicas] = "9", "6"
	said = e.mustKubectl(m.String(), apply...)
	e.Expect(said.out).To(gomega.Equal("6"))
	e.attached("echo", bounds(6, 9))
}

func TestAppliedReplicasBelowTheMinimumAreRaisedOnCreate(t *testing.T) {
	e := newEnv(t)
	e.create(e.service("echo", nil))
	m := small("echo")
	m.annotations[annotations.MinReplicas] = "3"
	for _, apply := range [][]string{append(clientSide, "--dry-run=server"), append(serverSide, "--dry-run=server"), clientSide} {
		said := e.mustKubectl(m.String(), append(apply, "-o", "jsonpath={.spec.replicas}")...)
		e.Expect(said.out).To(gomega.Equal("3"))
		e.Expect(said.err).To(gomega.ContainSubstring("raised spec.replicas from 1 to 3"))
	}
}

func TestDeploymentEnabledByItsServiceIsGuarded(t *testing.T) {
	e := newEnv(t)
	m := small("echo")
	m.annotations = nil
	e.create(e.service("echo", enabled()))
	e.mustKubectl(m.String(), clientSide...)
	e.attached("echo")
	e.scale("echo", 7)
	e.guarded("echo")
	m.image = "echo:2"
	said := e.mustKubectl(m.String(), clientSide...)
	e.kept("echo", "echo:2", said.err, 7, 1)
	e.Expect(annotations.Prefixed(e.workload("echo").Annotations)).To(gomega.BeEmpty())
}

func TestDeploymentWithoutManagedAutoscalerIsNotGuarded(t *testing.T) {
	e := newEnv(t)
	m := small("echo")
	m.annotations = nil
	e.create(e.service("echo", nil), e.foreign("echo", "echo"))
	for _, name := range []string{"echo", "plain"} { // with an unmanaged autoscaler, and with none
		m.name = name
		e.mustKubectl(m.String(), clientSide...)
		e.scale(name, 5)
		m.replicas = 3
		said := e.mustKubectl(m.String(), clientSide...)
		e.Expect(said.err).To(gomega.BeEmpty())
		e.Expect(*e.workload(name).Spec.Replicas).To(gomega.BeEquivalentTo(3))
	}
}

func TestReplicasAreAppliedWhenDetaching(t *testing.T) {
	e := newEnv(t)
	m := small("echo")
	e.grown(m, clientSide...)
	m.annotations, m.replicas = nil, 2
	said := e.mustKubectl(m.String(), clientSide...)
	e.Expect(said.err).To(gomega.ContainSubstring("will detach"))
	e.Expect(said.err).NotTo(gomega.ContainSubstring("kept spec.replicas"))
	e.Expect(*e.workload("echo").Spec.Replicas).To(gomega.BeEquivalentTo(2))
	e.gone("echo")
	e.Expect(ptr.Deref(e.workload("echo").Spec.Replicas, 0)).To(gomega.BeEquivalentTo(2))
}
