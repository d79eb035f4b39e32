package serving

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
)

// load creates annotated Deployments in bursts, as a dry run, so that each is admitted
// and none is stored.
type load struct {
	admitted atomic.Int64
	unseen   atomic.Int64 // admitted without the webhook's warning

	mu     sync.Mutex
	failed []error

	stopped chan struct{}
	ended   sync.WaitGroup
}

// startLoad sends bursts of the given size and interval until the test ends or end is
// called.
func (c *cluster) startLoad(atOnce int, every time.Duration) *load {
	c.t.Helper()
	config := c.cp.Config()
	config.WarningHandlerWithContext = hearing{}
	caller, err := client.New(config, client.Options{})
	if err != nil {
		c.t.Fatal(err)
	}
	l := &load{stopped: make(chan struct{})}
	l.ended.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-l.stopped:
				return
			case <-ticker.C:
			}
			var burst sync.WaitGroup
			for range atOnce {
				burst.Go(func() { l.call(c.ctx, caller, c.namespace) })
			}
			burst.Wait()
		}
	})
	c.t.Cleanup(l.stop)
	return l
}

func (l *load) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.stopped:
	default:
		close(l.stopped)
	}
}

// end stops the load, logs its counts and fails the test if any request failed.
func (l *load) end(t *testing.T, connections int64) {
	t.Helper()
	l.stop()
	l.ended.Wait()
	t.Logf("admitted %d, failed %d, unseen %d, over %d connections", l.admitted.Load(), len(l.failed), l.unseen.Load(), connections)
	if len(l.failed) > 0 {
		t.Errorf("%d calls failed: %v", len(l.failed), errors.Join(l.failed[:min(3, len(l.failed))]...))
	}
	if l.unseen.Load() > 0 {
		t.Errorf("%d objects were admitted without a word of the webhook", l.unseen.Load())
	}
	if l.admitted.Load() == 0 {
		t.Error("nothing was admitted")
	}
}

// String says what became of the calls so far.
func (l *load) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprintf("admitted %d, unseen %d, failed %d: %v", l.admitted.Load(), l.unseen.Load(), len(l.failed), errors.Join(l.failed[:min(3, len(l.failed))]...))
}

func (l *load) call(ctx context.Context, caller client.Client, namespace string) {
	var heard atomic.Bool
	labels := map[string]string{"app": "echo"}
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "echo-", Annotations: map[string]string{annotations.TargetMS: "40"}},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "echo", Image: "echo:1"}}},
			},
		},
	}
	err := caller.Create(context.WithValue(ctx, hearing{}, &heard), d, client.DryRunAll)
	switch {
	case err != nil:
		l.mu.Lock()
		defer l.mu.Unlock()
		l.failed = append(l.failed, err)
	case !heard.Load():
		l.unseen.Add(1)
	default:
		l.admitted.Add(1)
	}
}

// hearing records in a call's context that the webhook sent a warning, as it does for
// every new Deployment.
type hearing struct{}

func (hearing) HandleWarningHeaderWithContext(ctx context.Context, _ int, _, _ string) {
	if heard, ok := ctx.Value(hearing{}).(*atomic.Bool); ok {
		heard.Store(true)
	}
}
