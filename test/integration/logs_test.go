package integration

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
)

// auditPolicy has the API server write one audit event for each request to change an object
// that the webhook is called for.
const auditPolicy = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  verbs: [create, update, patch]
  resources:
  - {group: apps, resources: [deployments]}
  - {group: "", resources: [services]}
  - {group: kong.latency, resources: [latencypolicies]}
- level: None
`

// auditEvent is the part of an Event of audit.k8s.io that is looked at.
type auditEvent struct {
	ObjectRef   struct{ Resource, Namespace, Name string }
	Annotations map[string]string
}

// decoded returns the lines of a file that are JSON. The last may be written in part.
func decoded[T any](e *env, path string) (out []T) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was written yet
	}
	e.Expect(err).NotTo(gomega.HaveOccurred())
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one T
		if json.Unmarshal(lines.Bytes(), &one) == nil {
			out = append(out, one)
		}
	}
	e.Expect(lines.Err()).NotTo(gomega.HaveOccurred())
	return out
}

// logged returns the lines of a process about an object of the namespace of the test.
func (e *env) logged(process, name string) (out []map[string]any) {
	for _, line := range decoded[map[string]any](e, filepath.Join(e.stack.cp.Dir(), process+".log")) {
		if line["namespace"] == e.namespace && line["name"] == name && line["kind"] != nil {
			out = append(out, line)
		}
	}
	return out
}

// told returns message and reason of the lines of the controller about a Deployment.
func (e *env) told(name string) (out []string) {
	for _, line := range e.logged("controller", name) {
		if line["kind"] == "Deployment" {
			out = append(out, line["msg"].(string)+": "+line["reason"].(string))
		}
	}
	return out
}

// audited returns the annotations of the last audit event about a Deployment that has this
// one.
func (e *env) audited(name, key string) map[string]string {
	var last map[string]string
	for _, event := range decoded[auditEvent](e, e.stack.cp.AuditLog()) {
		ref := event.ObjectRef
		if ref.Namespace == e.namespace && ref.Resource == "deployments" && ref.Name == name && event.Annotations[key] != "" {
			last = event.Annotations
		}
	}
	return last
}

// as returns a client of a user who may do everything.
func (e *env) as(user string) client.Client {
	e.t.Helper()
	config := e.stack.cp.Config()
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: []string{"system:masters"}}
	config.WarningHandlerWithContext = e.warnings
	c, err := client.New(config, client.Options{})
	e.Expect(err).NotTo(gomega.HaveOccurred())
	return c
}

func TestDenialsAreLoggedAndAudited(t *testing.T) {
	e := newEnv(t)
	jane := e.as("jane")
	bad := enabled(annotations.Paused, "maybe", annotations.MaxReplicas, "many")
	e.Expect(jane.Create(e.ctx, e.deployment("echo", bad), client.DryRunAll)).To(gomega.Satisfy(apierrors.IsForbidden))
	e.Expect(jane.Create(e.ctx, e.deployment("echo", bad))).To(gomega.Satisfy(apierrors.IsForbidden))
	var dryRuns []any
	e.Eventually(func() int {
		dryRuns = nil
		for _, line := range e.logged("webhook", "echo") {
			e.Expect(line).To(gomega.And(
				gomega.HaveKeyWithValue("msg", "denied"), gomega.HaveKeyWithValue("kind", "Deployment"), gomega.HaveKeyWithValue("operation", "CREATE"),
				gomega.HaveKeyWithValue("user", "jane"), gomega.HaveKeyWithValue("reasons", gomega.Equal([]any{"InvalidAnnotation"}))))
			dryRuns = append(dryRuns, line["dryRun"])
		}
		return len(dryRuns)
	}).Should(gomega.Equal(2))
	e.Expect(dryRuns).To(gomega.Equal([]any{true, false}))

	const denied = "deployments.validate.kong.latency/denied"
	e.Eventually(func() map[string]string { return e.audited("echo", denied) }).Should(gomega.HaveKeyWithValue(denied, "InvalidAnnotation"))
}

func TestWhatAdmissionDecidesIsAudited(t *testing.T) {
	e := newEnv(t)
	e.create(e.service("echo", nil))
	d := e.deployment("echo", enabled(annotations.MinReplicas, "3"))
	e.Eventually(func() []string { // until the webhook has seen the Service
		e.warnings.take()
		e.Expect(e.client.Create(e.ctx, d.DeepCopy(), client.DryRunAll)).To(gomega.Succeed())
		return e.warnings.take()
	}).Should(gomega.ContainElement(gomega.ContainSubstring("will attach HPA echo")))
	e.create(d)
	e.attached("echo")
	const effects = "deployments.validate.kong.latency/effects"
	e.Eventually(func() map[string]string { return e.audited("echo", effects) }).Should(gomega.And(
		gomega.HaveKeyWithValue(effects, "attach HPA echo"),
		gomega.HaveKeyWithValue("deployments.validate.kong.latency/warned", noMetricsAPI),
		gomega.HaveKeyWithValue("deployments.mutate.kong.latency/replicas", "1 to 3"),
	))
	annotate(e, d, enabled(annotations.MinReplicas, "3", annotations.Behavior, "stable"))
	e.Eventually(func() string { return e.audited("echo", effects)[effects] }).Should(gomega.Equal("change HPA echo: behavior steady to stable"))
	e.Expect(e.logged("webhook", "echo")).To(gomega.BeEmpty(), "what is admitted is not logged")
}
