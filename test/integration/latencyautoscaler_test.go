package integration

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
)

// status returns the LatencyAutoscaler of a workload; nil if there is none.
func (e *env) status(c client.Client, name string) *v1alpha1.LatencyAutoscaler {
	e.t.Helper()
	var la v1alpha1.LatencyAutoscaler
	err := c.Get(e.ctx, client.ObjectKey{Namespace: e.namespace, Name: name}, &la)
	if apierrors.IsNotFound(err) {
		return nil
	}
	e.Expect(err).NotTo(gomega.HaveOccurred())
	return &la
}

// reason waits for the reason of a condition of a workload.
func (e *env) reason(c client.Client, name, kind string, want string) metav1.Condition {
	e.t.Helper()
	var found metav1.Condition
	e.Eventually(func() string {
		la := e.status(c, name)
		if la == nil {
			return "no LatencyAutoscaler"
		}
		if one := meta.FindStatusCondition(la.Status.Conditions, kind); one != nil {
			found = *one
		}
		return found.Reason
	}).Should(gomega.Equal(want))
	return found
}

// hop is the state of a hop in the status of a workload.
func (e *env) hop(c client.Client, name, hop string) v1alpha1.HopState {
	e.t.Helper()
	if la := e.status(c, name); la != nil {
		for _, h := range la.Status.Pipeline {
			if h.Hop == hop {
				return h.State
			}
		}
	}
	return ""
}

func TestEachWorkloadHasAStatus(t *testing.T) {
	e := newEnv(t)
	c := e.policies()
	d := e.deployment("echo", enabled(annotations.MaxReplicas, "7"))
	d.Labels = map[string]string{"app.kubernetes.io/instance": "tracked-by-argo"}
	e.create(e.service("echo", nil), d, e.deployment("lonely", enabled()), e.deployment("silent", nil))

	// The plain cluster has no metrics API, and so no value.
	broken := e.reason(c, "echo", v1alpha1.ConditionReady, noMetricsAPI)
	e.Expect(broken.Status).To(gomega.Equal(metav1.ConditionFalse))
	e.Expect(e.reason(c, "echo", v1alpha1.ConditionAttached, "Attached").Status).To(gomega.Equal(metav1.ConditionTrue))
	la := e.status(c, "echo")
	e.Expect(la.Status.Plan.MaxReplicas).To(gomega.BeEquivalentTo(7))
	e.Expect(la.Status.Plan.Service).To(gomega.Equal("echo"))
	e.Expect(la.Status.ObservedGeneration).To(gomega.Equal(la.Generation))
	e.Expect(la.Labels).To(gomega.Equal(map[string]string{"app.kubernetes.io/managed-by": "kong-latency"}))
	e.Expect(la.Annotations).To(gomega.BeEmpty())
	e.Expect(metav1.GetControllerOf(la).UID).To(gomega.Equal(d.UID))

	blocked := e.reason(c, "lonely", v1alpha1.ConditionReady, "NoServiceSelectsPods")
	e.Expect(blocked.Message).To(gomega.ContainSubstring("no Service in namespace"))
	e.Expect(e.status(c, "lonely").Status.Plan).To(gomega.BeNil())
	e.Expect(e.status(c, "silent")).To(gomega.BeNil())

	// What changes is in the status, and what is resolved is not.
	annotate(e, d, enabled(annotations.MaxReplicas, "8"))
	e.Eventually(func() int32 { return e.status(c, "echo").Status.Plan.MaxReplicas }).Should(gomega.BeEquivalentTo(8))
	e.create(e.service("lonely", nil))
	e.reason(c, "lonely", v1alpha1.ConditionAttached, "Attached")

	// It is made again, and goes with the annotation or the Deployment.
	e.Expect(c.Delete(e.ctx, e.status(c, "echo"))).To(gomega.Succeed())
	e.reason(c, "echo", v1alpha1.ConditionReady, noMetricsAPI)
	annotate(e, d, nil)
	e.Eventually(func() bool { return e.status(c, "echo") == nil }).Should(gomega.BeTrue())
	e.Expect(e.client.Delete(e.ctx, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: "lonely"}})).To(gomega.Succeed())
	e.Eventually(func() bool { return e.status(c, "lonely") == nil }).Should(gomega.BeTrue())
}

func TestAStatusThatSomebodyEditsIsWrittenAgain(t *testing.T) {
	e := newEnv(t)
	c := e.policies()
	e.create(e.service("echo", nil), e.deployment("echo", enabled()))
	e.reason(c, "echo", v1alpha1.ConditionReady, noMetricsAPI)
	la := e.status(c, "echo")
	meta.SetStatusCondition(&la.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: "Forged"})
	e.Expect(c.Status().Update(e.ctx, la)).To(gomega.Succeed())
	e.reason(c, "echo", v1alpha1.ConditionReady, noMetricsAPI)
	// A Deployment of the same name gets an object of its own.
	d := e.deployment("echo", nil)
	e.Expect(e.client.Delete(e.ctx, d)).To(gomega.Succeed())
	again := e.deployment("echo", enabled())
	e.create(again)
	e.Eventually(func() bool {
		la := e.status(c, "echo")
		return la != nil && metav1.GetControllerOf(la) != nil && metav1.GetControllerOf(la).UID == again.UID && la.Status.Plan != nil
	}).Should(gomega.BeTrue())
}

func TestStatusesAreWrittenOnChangesOnly(t *testing.T) {
	e := newEnv(t)
	c := e.policies()
	e.create(e.service("echo", nil), e.deployment("echo", enabled()), e.service("other", nil), e.deployment("other", enabled()))
	e.reason(c, "echo", v1alpha1.ConditionReady, noMetricsAPI)
	e.reason(c, "other", v1alpha1.ConditionReady, noMetricsAPI)
	writes := e.countStatusWrites()
	settled := func() int64 {
		last := int64(-1)
		e.Eventually(func() bool {
			now := writes.Load()
			same := now == last
			last = now
			return same
		}).WithPolling(writesSettle).Should(gomega.BeTrue())
		return last
	}
	settled()
	versions := func() []string {
		return []string{e.status(c, "echo").ResourceVersion, e.status(c, "other").ResourceVersion}
	}
	unchanged := versions()
	e.restartController()
	marker := e.deployment("marker", enabled())
	e.create(e.service("marker", nil), marker)
	e.reason(c, "marker", v1alpha1.ConditionReady, noMetricsAPI)
	before := settled()
	e.Expect(versions()).To(gomega.Equal(unchanged), "a restart wrote unchanged statuses")
	annotate(e, marker, enabled(annotations.MaxReplicas, "9"))
	e.Eventually(func() int32 { return e.status(c, "marker").Status.Plan.MaxReplicas }).Should(gomega.BeEquivalentTo(9))
	e.Expect(settled()-before).To(gomega.BeEquivalentTo(1), "one write for one change")
}

// writesSettle is how long nothing may be written for all to be: that a new autoscaler has a
// first status, which needs a sync, is a change.
const writesSettle = 16 * time.Second

// countStatusWrites counts the changes of LatencyAutoscalers in the test's namespace.
func (e *env) countStatusWrites() *atomic.Int64 {
	e.t.Helper()
	scheme := runtime.NewScheme()
	e.Expect(v1alpha1.AddToScheme(scheme)).To(gomega.Succeed())
	c, err := client.NewWithWatch(e.stack.cp.Config(), client.Options{Scheme: scheme})
	e.Expect(err).NotTo(gomega.HaveOccurred())
	w, err := c.Watch(e.ctx, &v1alpha1.LatencyAutoscalerList{}, client.InNamespace(e.namespace))
	e.Expect(err).NotTo(gomega.HaveOccurred())
	e.t.Cleanup(w.Stop)
	var n atomic.Int64
	go func() {
		for range w.ResultChan() {
			n.Add(1)
		}
	}()
	return &n
}

// Users see with kubectl what there is.
func TestKubectlShowsStatuses(t *testing.T) {
	e := newEnv(t)
	c := e.policies()
	e.create(e.service("echo", nil), e.deployment("echo", enabled()))
	e.reason(c, "echo", v1alpha1.ConditionReady, noMetricsAPI)
	lines := strings.Split(strings.TrimSpace(e.mustKubectl("", "get", "la").out), "\n")
	e.Expect(strings.Fields(lines[0])).To(gomega.Equal(strings.Fields("NAME TARGET NOW REPLICAS MIN MAX READY REASON AGE")))
	e.Expect(lines[1]).To(gomega.MatchRegexp(`^echo +40 .* 1 +10 +False +` + noMetricsAPI))
}
