package integration

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
)

// env is the namespace of one test with clients.
type env struct {
	*gomega.WithT
	t         *testing.T
	stack     *stack
	ctx       context.Context
	namespace string
	client    client.Client
	warnings  *recorder
}

// newEnv creates a namespace for the test, and a client that records warnings.
func newEnv(t *testing.T) *env {
	t.Helper()
	return newEnvIn(t, plain)
}

func newEnvIn(t *testing.T, s *stack) *env {
	t.Helper()
	g := gomega.NewWithT(t)
	g.SetDefaultEventuallyTimeout(time.Minute)
	g.SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	e := &env{WithT: g, t: t, stack: s, ctx: t.Context(), warnings: &recorder{}}
	config := s.cp.Config()
	config.WarningHandlerWithContext = e.warnings
	var err error
	e.client, err = client.New(config, client.Options{})
	g.Expect(err).NotTo(gomega.HaveOccurred())
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	g.Expect(e.client.Create(e.ctx, ns)).To(gomega.Succeed())
	e.namespace = ns.Name
	return e
}

// recorder records the warnings of the API server.
type recorder struct {
	mu    sync.Mutex
	lines []string
}

func (r *recorder) HandleWarningHeaderWithContext(_ context.Context, code int, _, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if code == 299 {
		r.lines = append(r.lines, text)
	}
}

// noMetricsAPI is the reason of the one pipeline finding that is known in the plain cluster.
// The controller evaluates the pipeline once the autoscaler exists, so that the event follows
// Attached; it is repeated only after a restart, or after a time in which there was no plan.
const noMetricsAPI = "MetricsAPINotRegistered"

// withPipeline adds the warnings about the metric pipeline that the plain cluster causes
// for a new object and for changed settings, as the arguments of ConsistOf.
func withPipeline(warnings ...any) []any {
	return append(warnings, noMetricsAPIWarning(), gomega.HavePrefix("kong-latency: not checked: "))
}

// noMetricsAPIWarning matches the warning that remains when settings do not change.
func noMetricsAPIWarning() types.GomegaMatcher {
	return gomega.HavePrefix("kong-latency: " + noMetricsAPI + ": ")
}

// take returns all warnings since the last call.
func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := r.lines
	r.lines = nil
	return lines
}

func enabled(more ...string) map[string]string {
	m := map[string]string{annotations.TargetMS: "40"}
	for i := 0; i+1 < len(more); i += 2 {
		m[more[i]] = more[i+1]
	}
	return m
}

func (e *env) deployment(name string, settings map[string]string) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: name, Annotations: settings}}
	d.Spec.Replicas = ptr.To[int32](1)
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	d.Spec.Template.Labels = labels
	d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "echo", Image: "echo:1"}}
	return d
}

func (e *env) service(name string, settings map[string]string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: name, Annotations: settings},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": name},
			Ports:    []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}},
		},
	}
}

func (e *env) create(objects ...client.Object) {
	e.t.Helper()
	for _, o := range objects {
		e.Expect(e.client.Create(e.ctx, o)).To(gomega.Succeed())
	}
}

// edit changes a live object, and retries on conflicts.
func edit[T client.Object](e *env, o T, change func(T)) {
	e.t.Helper()
	e.Eventually(func() error {
		if err := e.client.Get(e.ctx, client.ObjectKeyFromObject(o), o); err != nil {
			return err
		}
		change(o)
		err := e.client.Update(e.ctx, o)
		if err != nil && !apierrors.IsConflict(err) {
			e.t.Fatalf("update %s: %v", o.GetName(), err)
		}
		return err
	}).Should(gomega.Succeed())
}

func annotate[T client.Object](e *env, o T, settings map[string]string) {
	e.t.Helper()
	edit(e, o, func(o T) { o.SetAnnotations(settings) })
}

// hpa returns the live autoscaler of this name, or nil.
func (e *env) hpa(name string) *autoscalingv2.HorizontalPodAutoscaler {
	e.t.Helper()
	var h autoscalingv2.HorizontalPodAutoscaler
	err := e.client.Get(e.ctx, client.ObjectKey{Namespace: e.namespace, Name: name}, &h)
	if apierrors.IsNotFound(err) {
		return nil
	}
	e.Expect(err).NotTo(gomega.HaveOccurred())
	return &h
}

// attached waits until the autoscaler exists and meets the conditions, and returns it.
func (e *env) attached(name string, as ...func(*autoscalingv2.HorizontalPodAutoscaler) bool) *autoscalingv2.HorizontalPodAutoscaler {
	e.t.Helper()
	var h *autoscalingv2.HorizontalPodAutoscaler
	e.Eventually(func() bool {
		h = e.hpa(name)
		return h != nil && !slices.ContainsFunc(as, func(ok func(*autoscalingv2.HorizontalPodAutoscaler) bool) bool { return !ok(h) })
	}).Should(gomega.BeTrue(), "no such HorizontalPodAutoscaler %s", name)
	return h
}

func (e *env) gone(name string) {
	e.t.Helper()
	e.Eventually(func() any { return e.hpa(name) }).Should(gomega.BeNil())
}

func target(value string) func(*autoscalingv2.HorizontalPodAutoscaler) bool {
	return func(h *autoscalingv2.HorizontalPodAutoscaler) bool {
		return len(h.Spec.Metrics) > 0 && h.Spec.Metrics[0].Object != nil &&
			h.Spec.Metrics[0].Object.Target.Value.String() == value
	}
}

// events returns the reasons of the events about the object, oldest first, and their notes.
func (e *env) events(kind, name string) (reasons, notes []string) {
	e.t.Helper()
	var list eventsv1.EventList
	e.Expect(e.client.List(e.ctx, &list, client.InNamespace(e.namespace))).To(gomega.Succeed())
	slices.SortFunc(list.Items, func(a, b eventsv1.Event) int { return a.EventTime.Compare(b.EventTime.Time) })
	for _, ev := range list.Items {
		if ev.Regarding.Kind == kind && ev.Regarding.Name == name && ev.ReportingController == "kong-latency" {
			reasons, notes = append(reasons, ev.Reason), append(notes, ev.Note)
		}
	}
	return reasons, notes
}

// eventOf waits for an event with this reason, or for a Blocked event that names it,
// and returns its note.
func (e *env) eventOf(kind, name, reason string) string {
	e.t.Helper()
	var note string
	e.Eventually(func() []string {
		reasons, notes := e.events(kind, name)
		for i, note := range notes {
			if why, _, _ := strings.Cut(note, ": "); reasons[i] == "Blocked" {
				reasons[i] = why
			}
		}
		if i := slices.Index(reasons, reason); i >= 0 {
			note = notes[i]
		}
		return reasons
	}).Should(gomega.ContainElement(reason))
	return note
}

// metric sums a counter of the API server over the series with these labels.
func (e *env) metric(name string, labels ...string) float64 {
	e.t.Helper()
	families, err := e.stack.cp.Metrics(e.ctx)
	e.Expect(err).NotTo(gomega.HaveOccurred())
	family := families[name]
	if family == nil {
		return 0 // no series yet
	}
	var sum float64
	for _, m := range family.Metric {
		var have []string
		for _, l := range m.Label {
			have = append(have, l.GetName()+"="+l.GetValue())
		}
		if !slices.ContainsFunc(labels, func(want string) bool { return !slices.Contains(have, want) }) {
			sum += m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return sum
}

// hpaWrites counts the writes of autoscalers, except of their status, which
// kube-controller-manager writes.
func (e *env) hpaWrites() float64 {
	var sum float64
	for _, verb := range []string{"POST", "PUT", "PATCH", "APPLY", "DELETE"} {
		sum += e.metric("apiserver_request_total", "resource=horizontalpodautoscalers", "subresource=", "verb="+verb)
	}
	return sum
}

func containing(lines []string, text string) bool {
	return slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, text) })
}
