package gitops

import (
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/kong-latency/kong-latency/internal/annotations"
)

// moment is the size of a workload in one watch event.
type moment struct {
	spec, status int32 // the Deployment's spec.replicas and status.replicas
	wanted       int32 // the autoscaler's status.desiredReplicas
}

// below reports whether any of the three is smaller than before.
func (m moment) below(before moment) bool {
	return m.spec < before.spec || m.status < before.status || m.wanted < before.wanted
}

// history contains all watch events of one workload, so that no intermediate state is
// missed.
type history struct {
	mu      sync.Mutex
	moments []moment
	// marks are the product's annotations on the Deployment, one entry per change.
	marks []map[string]string
	// wrong is why the watch ended early, or an event that must not occur.
	wrong error
}

// follow watches until the test ends.
func follow(w *workload) *history {
	w.t.Helper()
	h := &history{}
	only := metav1.ListOptions{FieldSelector: "metadata.name=" + w.name}
	deployments, err := cluster.Core().AppsV1().Deployments(w.namespace).Watch(w.ctx, only)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	scalers, err := cluster.Core().AutoscalingV2().HorizontalPodAutoscalers(w.namespace).Watch(w.ctx, only)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	var both sync.WaitGroup
	for _, events := range []watch.Interface{deployments, scalers} {
		both.Go(func() {
			for event := range events.ResultChan() {
				h.add(event)
			}
			if w.ctx.Err() == nil {
				h.fail(fmt.Errorf("the API server ended the watch"))
			}
		})
	}
	w.t.Cleanup(func() {
		deployments.Stop()
		scalers.Stop()
		both.Wait()
	})
	return h
}

func (h *history) add(event watch.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var now moment
	if n := len(h.moments); n > 0 {
		now = h.moments[n-1]
	}
	switch o := event.Object.(type) {
	case *appsv1.Deployment:
		if event.Type == watch.Deleted {
			h.wrong = fmt.Errorf("the Deployment was deleted")
			return
		}
		now.spec, now.status = *o.Spec.Replicas, o.Status.Replicas
		marks := annotations.Prefixed(o.Annotations)
		if n := len(h.marks); n == 0 || !maps.Equal(marks, h.marks[n-1]) {
			h.marks = append(h.marks, marks)
		}
	case *autoscalingv2.HorizontalPodAutoscaler:
		if event.Type == watch.Deleted {
			h.wrong = fmt.Errorf("the autoscaler was deleted")
			return
		}
		now.wanted = o.Status.DesiredReplicas
	default:
		h.wrong = fmt.Errorf("the watch says %s: %v", event.Type, event.Object)
		return
	}
	h.moments = append(h.moments, now)
}

func (h *history) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wrong = err
}

// now returns the last moment.
func (h *history) now() moment {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.moments) == 0 {
		return moment{}
	}
	return h.moments[len(h.moments)-1]
}

// String lists the moments without consecutive duplicates.
func (h *history) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var text strings.Builder
	text.WriteString("spec/status/wanted:")
	for i, m := range h.moments {
		if i == 0 || m != h.moments[i-1] {
			fmt.Fprintf(&text, " %d/%d/%d", m.spec, m.status, m.wanted)
		}
	}
	return text.String()
}

// neverFell fails the test if the workload ever became smaller. The traffic never
// decreases, so there is no reason to.
func (w *workload) neverFell() {
	w.t.Helper()
	w.history.mu.Lock()
	moments, wrong := w.history.moments, w.history.wrong
	w.history.mu.Unlock()
	w.Expect(wrong).NotTo(gomega.HaveOccurred())
	for i := 1; i < len(moments); i++ {
		if moments[i].below(moments[i-1]) {
			w.t.Fatalf("it became smaller: %+v after %+v; all of it: %s", moments[i], moments[i-1], w.history)
		}
	}
}

// neverFlapped fails the test if the product's annotations on the Deployment ever changed.
func (w *workload) neverFlapped() {
	w.t.Helper()
	w.history.mu.Lock()
	defer w.history.mu.Unlock()
	w.Expect(w.history.marks).To(gomega.HaveLen(1), "each time that our annotations changed")
	w.Expect(w.history.marks[0]).NotTo(gomega.BeEmpty())
}
