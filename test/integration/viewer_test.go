package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/cli/doctor"
	"github.com/kong-latency/kong-latency/cli/get"
	"github.com/kong-latency/kong-latency/cli/live"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/metricsapi"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/internal/status"
	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/guide"
)

// viewer is somebody who has Kubernetes' own role view in the namespace of a test, and no
// other right. The kinds of the product are in that role because kube-controller-manager
// aggregates it.
type viewer struct {
	*env
	user string
}

func (e *env) viewer() viewer {
	e.t.Helper()
	v := viewer{e, "viewer-of-" + e.namespace}
	e.create(&rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: v.user},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: v.user}},
	})
	v.Eventually(func() string { return v.may("list", "latencyautoscalers.kong.latency") }).Should(gomega.Equal("yes"))
	for _, resource := range []string{"latencypolicies.kong.latency", "servicemonitors.monitoring.coreos.com", "services.custom.metrics.k8s.io"} {
		v.Expect(v.may("list", resource, "--all-namespaces")).To(gomega.Equal("no"), resource)
	}
	return v
}

// may is the answer of kubectl auth can-i.
func (v viewer) may(question ...string) string {
	v.t.Helper()
	return strings.TrimSpace(v.kubectl("", append([]string{"auth", "can-i", "--as=" + v.user}, question...)...).out)
}

// latency runs kubectl latency with the rights of the viewer.
func (v viewer) latency(args ...string) said {
	v.t.Helper()
	path := "PATH=" + filepath.Join(controlplane.RepoRoot(), "bin") + ":" + os.Getenv("PATH")
	return v.run([]string{path}, "", append([]string{"latency"}, append(args, "--as="+v.user, "--namespace="+v.namespace)...)...)
}

// report is what kubectl latency doctor says of Deployment echo.
func (v viewer) report() doctor.Report {
	v.t.Helper()
	s := v.latency("doctor", "deployment/echo", "-o", "json")
	var list struct{ Items []doctor.Report }
	v.Expect(json.Unmarshal([]byte(s.out), &list)).To(gomega.Succeed(), s.out+s.err)
	v.Expect(list.Items).To(gomega.HaveLen(1))
	return list.Items[0]
}

// reported is the status of Deployment echo and what doctor says of the same one: what comes
// between the two reads is read again.
func (v viewer) reported(c client.Client) (la *v1alpha1.LatencyAutoscaler, report doctor.Report) {
	v.t.Helper()
	v.Eventually(func() string {
		before := v.status(c, "echo").ResourceVersion
		report = v.report()
		la = v.status(c, "echo")
		if la.ResourceVersion != before {
			return "the status changed meanwhile"
		}
		return "the same status"
	}).Should(gomega.Equal("the same status"))
	return la, report
}

// row is what kubectl latency get says of Deployment echo.
func (v viewer) row() get.Row {
	v.t.Helper()
	s := v.latency("get", "deployment/echo", "-o", "json")
	var list struct{ Items []get.Row }
	v.Expect(json.Unmarshal([]byte(s.out), &list)).To(gomega.Succeed(), s.out+s.err)
	v.Expect(list.Items).To(gomega.HaveLen(1))
	return list.Items[0]
}

// knows expects the report to have each hop as the controller has it, except for those that
// the viewer can read.
func (v viewer) knows(la *v1alpha1.LatencyAutoscaler, report doctor.Report) {
	v.t.Helper()
	of := map[string]doctor.Hop{}
	for _, h := range report.Hops {
		of[h.Hop] = h
	}
	words := map[v1alpha1.HopState]doctor.State{v1alpha1.HopProven: doctor.OK, v1alpha1.HopWarning: doctor.Warning, v1alpha1.HopBroken: doctor.Broken}
	known := 0
	for _, h := range la.Status.Pipeline {
		if h.Hop == "autoscaler" {
			v.Expect(of[h.Hop].ReportedBy).To(gomega.BeEmpty(), "an autoscaler can be read with the role view")
			continue
		}
		if h.State == v1alpha1.HopUnknown {
			v.Expect(of[h.Hop].State).To(gomega.Equal(doctor.Unknown), h.Hop)
			v.Expect(of[h.Hop].ReportedBy).To(gomega.BeEmpty(), h.Hop)
			continue
		}
		known++
		v.Expect(of[h.Hop].State).To(gomega.Equal(words[h.State]), h.Hop)
		v.Expect(of[h.Hop].ReportedBy).To(gomega.Equal(live.Controller), h.Hop)
		v.Expect(of[h.Hop].Since.Time).To(gomega.BeTemporally("==", h.LastTransitionTime.Time), h.Hop)
	}
	v.Expect(known).To(gomega.BeNumerically(">=", 2), "%+v", la.Status.Pipeline)
	v.Expect(report.Observed).NotTo(gomega.BeNil())
}

// The plain cluster has nothing but a missing metrics API, which only the controller sees.
func TestAViewerSeesWhatTheControllerReported(t *testing.T) {
	e := newEnv(t)
	c := e.policies()
	p := e.policy(c, "", func(s *v1alpha1.LatencyPolicySpec) { s.Defaults = &v1alpha1.Defaults{MaxReplicas: ptr.To[int32](7)} })
	e.create(e.service("echo", nil), e.deployment("echo", enabled()))
	e.attached("echo", bounds(1, 7))
	e.Eventually(func() string {
		if la := e.status(c, "echo"); la != nil && la.Status.Plan != nil {
			return la.Status.Plan.Policy
		}
		return ""
	}).Should(gomega.Equal(p.Name))
	e.reason(c, "echo", v1alpha1.ConditionReady, noMetricsAPI)
	e.Eventually(func() bool { return e.status(c, "echo").Status.Current != nil }).Should(gomega.BeTrue())

	v := e.viewer()
	listed := v.kubectl("", "get", "la", "--as="+v.user)
	e.Expect(listed.code).To(gomega.BeZero(), listed.err)
	e.Expect(listed.out).To(gomega.MatchRegexp(`(?m)^echo +40 .*False +` + noMetricsAPI))

	la, report := v.reported(c)
	e.Expect(report.Broken).To(gomega.Equal(metricsapi.Hop.Name))
	e.Expect(report.Plan).To(gomega.ContainSubstring("of Service echo at 40 ms, 1-7 replicas"))
	v.knows(la, report)
	text := v.latency("doctor", "deployment/echo")
	e.Expect(text.code).To(gomega.Equal(1), text.err)
	e.Expect(text.out).To(gomega.And(
		gomega.ContainSubstring("reported by the controller, since "),
		gomega.ContainSubstring("under LatencyPolicy "+p.Name),
		gomega.MatchRegexp(`First broken hop: `+metricsapi.Hop.Name+`\n\n`+noMetricsAPI+`: .*\n\nTo fix it:\n\n    \w+`),
	))

	row := v.row()
	e.Expect(row.Pipeline.State).To(gomega.Equal(get.Broken))
	e.Expect(row.Pipeline.Hop).To(gomega.Equal(metricsapi.Hop.Name))
	e.Expect(row.Pipeline.ReportedBy).To(gomega.Equal(live.Controller))
	e.Expect(row.Policy).To(gomega.Equal(p.Name))
	e.Expect(row.PlanReportedBy).To(gomega.Equal(live.Controller))
	table := v.latency("get")
	e.Expect(table.out).To(gomega.MatchRegexp(`(?m)^echo .* 1-7 +broken: ` + metricsapi.Hop.Name + ` `))
	e.Expect(table.err).To(gomega.ContainSubstring("as the controller reported it"))

	// In another namespace the viewer sees nothing.
	other := newEnv(t)
	elsewhere := viewer{other, v.user}.latency("get")
	e.Expect(elsewhere.code).To(gomega.Equal(2))
	e.Expect(elsewhere.err).To(gomega.ContainSubstring("forbidden"))
}

// viewed removes the ServiceMonitor: somebody with the role view sees that, and how to fix
// it. Then the metric arrives.
func (p *pipelineTest) viewed() {
	c := p.policies()
	v := p.viewer()
	// The status follows the cluster by seconds, and the steps before broke the same hop.
	p.Eventually(func() v1alpha1.HopState { return p.hop(c, "echo", servicemonitor.Hop.Name) }).Should(gomega.Equal(v1alpha1.HopProven))
	monitors := schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "ServiceMonitor"}
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(monitors.GroupVersion().WithKind(monitors.Kind + "List"))
	p.Expect(p.client.List(p.ctx, list)).To(gomega.Succeed())
	p.Expect(list.Items).NotTo(gomega.BeEmpty())
	for i := range list.Items {
		p.Expect(p.client.Delete(p.ctx, &list.Items[i])).To(gomega.Succeed())
	}
	broken := servicemonitor.NotFound.Name
	p.reason(c, "echo", v1alpha1.ConditionReady, broken)

	la, report := v.reported(c)
	p.Expect(report.Broken).To(gomega.Equal(servicemonitor.Hop.Name))
	v.knows(la, report)
	text := v.latency("doctor", "deployment/echo")
	p.Expect(text.code).To(gomega.Equal(1), text.err)
	p.Expect(text.out).To(gomega.MatchRegexp(`(?s)First broken hop: ` + servicemonitor.Hop.Name + `\n\n` + broken + `: .*\n    kind: ServiceMonitor\n`))
	p.Expect(v.row().Pipeline.String()).To(gomega.Equal("broken: " + servicemonitor.Hop.Name))

	// kubectl says of a condition that does not come only that it did not.
	waited := p.kubectl("", "wait", "--for=condition=Ready", "la/echo", "--timeout=2s", "--as="+v.user)
	p.Expect(waited).To(gomega.Equal(said{err: "error: timed out waiting for the condition on latencyautoscalers/echo\n", code: 1}))
	why := p.mustKubectl("", "get", "la", "echo", "--as="+v.user, "-o", `jsonpath={.status.conditions[?(@.type=="Ready")].reason}`)
	p.Expect(why.out).To(gomega.Equal(broken))
	p.Expect(p.mustKubectl("", "get", "la", "echo", "--as="+v.user).out).To(gomega.MatchRegexp(`(?m)^echo .* False +` + broken + ` `))
	other := p.kubectl("", "wait", "--for=jsonpath={.status.conditions[?(@.type==\"Ready\")].reason}="+broken, "la/echo", "--timeout=10s", "--as="+v.user)
	p.Expect(other.code).To(gomega.BeZero(), other.err)

	p.apply(guide.Monitor)
	met := make(chan said)
	go func() {
		met <- p.run(nil, "", "wait", "--for=create", "--for=condition=Ready", "la/echo", "--timeout=60s", "--as="+v.user, "--namespace="+p.namespace)
	}()
	p.stack.latencies.flowing.Store(true)
	const line = "latencyautoscaler.kong.latency/echo condition met\n" // once for each --for
	p.Eventually(met).Should(gomega.Receive(gomega.Equal(said{out: line + line})))
	ready := p.reason(c, "echo", v1alpha1.ConditionReady, status.ReasonScaling)
	p.Expect(ready.Status).To(gomega.Equal(metav1.ConditionTrue))
	p.Eventually(func() string { return v.row().Pipeline.String() }).Should(gomega.Equal(string(get.OK)))
	p.Expect(v.report().Broken).To(gomega.BeEmpty())

	p.stack.latencies.flowing.Store(false)
	p.attached("echo", func(h *autoscalingv2.HorizontalPodAutoscaler) bool { return active(h) != "True" })
	p.admitted()
}
