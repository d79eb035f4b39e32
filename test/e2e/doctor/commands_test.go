package doctor

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/cli/doctor"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/internal/pipeline/source"
	"github.com/kong-latency/kong-latency/test/guide"
)

const sample = "config/samples/echo.yaml"

// annotation returns the live value of an annotation of the Deployment.
func (e *env) annotation(name string) string {
	e.t.Helper()
	return e.kubectl("get", "deployment", "echo", "-o", `jsonpath={.metadata.annotations.kong\.latency/`+name+`}`)
}

func (e *env) maxReplicas() int32 {
	var h autoscalingv2.HorizontalPodAutoscaler
	if err := cluster.Admin().Get(e.context(), client.ObjectKey{Namespace: "default", Name: "echo"}, &h); err != nil {
		return 0
	}
	return h.Spec.MaxReplicas
}

func TestSetAndUnset(t *testing.T) {
	e := newEnv(t)
	e.kubectl("apply", "-f", sample)
	e.Eventually(e.maxReplicas).Should(gomega.BeEquivalentTo(10))

	for _, dry := range []string{"--dry-run=client", "--dry-run=server", "--diff"} {
		r := e.latency("set", "deployment/echo", "--max=5", dry)
		e.Expect(r.code).To(gomega.Equal(0), r.errOut)
		e.Expect(e.annotation("max-replicas")).To(gomega.BeEmpty(), dry+" wrote")
		if dry == "--diff" {
			e.Expect(r.out).To(gomega.ContainSubstring("+    kong.latency/max-replicas: \"5\"\n"))
		}
	}
	r := e.latency("set", "deployment/echo", "--max=5")
	e.Expect(r.code).To(gomega.Equal(0), r.errOut)
	e.Expect(r.out).To(gomega.Equal("deployment.apps/echo annotated\n"))
	e.Expect(e.annotation("max-replicas")).To(gomega.Equal("5"))
	e.Eventually(e.maxReplicas).Should(gomega.BeEquivalentTo(5))

	bad := e.latency("set", "deployment/echo", "--max=many")
	e.Expect(bad.code).To(gomega.Equal(2))
	e.Expect(bad.errOut).To(gomega.ContainSubstring("must be an integer"))
	e.Expect(e.annotation("max-replicas")).To(gomega.Equal("5"))

	e.Expect(e.latency("unset", "deployment/echo", "max-replicas").code).To(gomega.Equal(0))
	e.Expect(e.annotation("max-replicas")).To(gomega.BeEmpty())
	e.Eventually(e.maxReplicas).Should(gomega.BeEquivalentTo(10))
	e.Expect(e.latency("unset", "deployment/echo", "max-replicas").out).To(gomega.Equal("deployment.apps/echo unchanged\n"))
}

// Warnings of the webhook are printed by set.
func TestSetShowsWarnings(t *testing.T) {
	e := newEnv(t)
	e.kubectl("apply", "-f", sample)
	e.kubectl("delete", "dataplanemetricsextension", "kong")
	e.t.Cleanup(func() { e.Expect(cluster.Restore(e.context(), guide.Extension)).To(gomega.Succeed()) })
	e.Eventually(func() string {
		return e.latency("set", "deployment/echo", "--min=2", "--dry-run=server").errOut
	}).Should(gomega.ContainSubstring("Warning: kong-latency: "))
}

func TestGet(t *testing.T) {
	e := newEnv(t)
	e.kubectl("apply", "-f", sample)
	e.Eventually(e.maxReplicas).Should(gomega.BeEquivalentTo(10))
	r := e.latency("get", "-A", "-o", "json")
	e.Expect(r.code).To(gomega.Equal(0), r.errOut)
	var list struct {
		Items []struct {
			Namespace, Name, Service, Source, HPA string
			TargetMS                              float64
		}
	}
	e.Expect(json.Unmarshal([]byte(r.out), &list)).To(gomega.Succeed())
	e.Expect(list.Items).To(gomega.HaveLen(1))
	e.Expect(list.Items[0].Name + " " + list.Items[0].Service + " " + list.Items[0].HPA).To(gomega.Equal("echo echo echo"))
	e.Expect(list.Items[0].TargetMS).To(gomega.Equal(40.0))
	e.Expect(e.latency("get", "-o", "name").out).To(gomega.Equal("deployment.apps/echo\n"))
	e.Expect(e.latency("get", "-l", "app=other").errOut).To(gomega.ContainSubstring("No workload in namespace default"))
}

func TestNamesAreCompleted(t *testing.T) {
	e := newEnv(t)
	e.kubectl("apply", "-f", sample)
	completed := func(args ...string) func() string { // completion has a short timeout, so that shells do not hang
		return func() string { return e.latency(append([]string{"__complete"}, args...)...).out }
	}
	e.Eventually(completed("doctor", "deployment/")).Should(gomega.ContainSubstring("deployment/echo\n"))
	e.Eventually(completed("set", "svc/")).Should(gomega.ContainSubstring("svc/echo\n"))
}

// With only the right to list workloads and Services, nothing is reported as broken.
func TestDoctorWithFewRights(t *testing.T) {
	e := newEnv(t)
	e.kubectl("apply", "-f", sample)
	e.kubectlReading(`
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: workloads, namespace: default}
rules:
- {apiGroups: [apps], resources: [deployments], verbs: [list]}
- {apiGroups: [""], resources: [services], verbs: [list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: workloads, namespace: default}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: workloads}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: poor}]
`, "apply", "-f", "-")
	var r result
	e.Eventually(func() int {
		r = e.latency("doctor", "deployment/echo", "--as=poor", "-o", "json")
		return r.code
	}).Should(gomega.Equal(0))
	var list struct{ Items []doctor.Report }
	e.Expect(json.Unmarshal([]byte(r.out), &list)).To(gomega.Succeed())
	e.Expect(list.Items).To(gomega.HaveLen(1))
	e.Expect(list.Items[0].Hops).To(gomega.HaveLen(2 + len(source.Hops())))
	for _, h := range list.Items[0].Hops {
		e.Expect(h.State).To(gomega.Equal(doctor.Unknown), "%s: %v", h.Hop, h.Evidence)
	}
	none := e.latency("doctor", "deployment/echo", "--as=nobody")
	e.Expect(none.code).To(gomega.Equal(2))
	e.Expect(none.errOut).To(gomega.ContainSubstring("list Deployments: "))
}

func (e *env) monitors() string {
	e.t.Helper()
	return strings.TrimSpace(e.kubectl("get", "servicemonitors", "-n", "kong-system", "-o", "name"))
}

func TestApply(t *testing.T) {
	e := newEnv(t)
	e.kubectl("apply", "-f", sample)
	e.kubectl("delete", "servicemonitors", "--all", "-n", "kong-system")
	e.Eventually(func() string { return e.report().Broken }).WithTimeout(3*time.Minute).
		Should(gomega.Equal(servicemonitor.Hop.Name), "once what was scraped before has no value any more")
	no := e.latencyReading("n\n", "doctor", "deployment/echo", "--apply")
	e.Expect(no.code).To(gomega.Equal(2))
	e.Expect(no.out).To(gomega.ContainSubstring("would apply servicemonitor.monitoring.coreos.com/kong-operator-metrics in kong-system\n"))
	e.Expect(e.monitors()).To(gomega.BeEmpty())
	yes := e.latencyReading("y\n", "doctor", "deployment/echo", "--apply")
	e.Expect(yes.out).To(gomega.ContainSubstring("\napplied servicemonitor.monitoring.coreos.com/kong-operator-metrics in kong-system\n"))
	e.Expect(e.monitors()).To(gomega.Equal("servicemonitor.monitoring.coreos.com/kong-operator-metrics"))
}

// A ConfigMap that Helm manages is not changed.
func TestApplyRefusesWhatHelmManages(t *testing.T) {
	e := newEnv(t)
	e.kubectl("apply", "-f", sample)
	name, namespace := guide.AdapterConfigMap.Name, guide.AdapterConfigMap.Namespace
	config := e.kubectl("get", "configmap", name, "-n", namespace, "-o", "yaml")
	e.kubectlReading(strings.ReplaceAll(config, "as: kong_upstream_latency_ms_60s_average", "as: latency"), "replace", "-f", "-")
	e.kubectl("label", "configmap", name, "-n", namespace, "app.kubernetes.io/managed-by=Helm")
	e.kubectl("annotate", "configmap", name, "-n", namespace, "meta.helm.sh/release-name=adapter")
	e.t.Cleanup(func() {
		e.kubectl("label", "configmap", name, "-n", namespace, "app.kubernetes.io/managed-by-")
		e.kubectl("annotate", "configmap", name, "-n", namespace, "meta.helm.sh/release-name-")
		e.Expect(cluster.Restore(e.context(), guide.Adapter)).To(gomega.Succeed())
		restartAdapter(e)
	})
	restartAdapter(e)
	before := e.kubectl("get", "configmap", name, "-n", namespace, "-o", "jsonpath={.data}")
	r := e.latency("doctor", "deployment/echo", "--apply", "--yes")
	e.Expect(r.code).To(gomega.Equal(1))
	e.Expect(r.out).To(gomega.ContainSubstring("# Values for Helm release adapter"))
	e.Expect(e.kubectl("get", "configmap", name, "-n", namespace, "-o", "jsonpath={.data}")).To(gomega.Equal(before))
}
