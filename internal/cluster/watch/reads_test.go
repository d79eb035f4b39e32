package watch

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	fakecache "k8s.io/client-go/tools/cache/testing"
	ctrlcache "sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/finding"
)

// oneInformer are informers of HorizontalPodAutoscalers alone.
type oneInformer struct {
	ctrlcache.Informers
	toolscache.SharedIndexInformer
}

func (o oneInformer) GetInformer(context.Context, client.Object, ...ctrlcache.InformerGetOption) (ctrlcache.Informer, error) {
	return o.SharedIndexInformer, nil
}

// readsTest is a source that follows autoscalers, and how often it was woken.
type readsTest struct {
	*gomega.WithT
	source *Source
	hpas   *fakecache.FakeControllerSource
	woken  atomic.Int32
	calls  int
}

func newReadsTest(t *testing.T, there ...*autoscalingv2.HorizontalPodAutoscaler) *readsTest {
	t.Helper()
	r := &readsTest{WithT: gomega.NewWithT(t), source: stillSource(), hpas: fakecache.NewFakeControllerSource()}
	r.SetDefaultEventuallyTimeout(30 * time.Second)
	t.Cleanup(r.hpas.Shutdown)
	for _, h := range there {
		r.hpas.Add(h)
	}
	o := cache.Options(nil)
	informer := o.NewInformer(r.hpas, &autoscalingv2.HorizontalPodAutoscaler{}, 0, toolscache.Indexers{})
	for kind, by := range o.ByObject {
		if _, ok := kind.(*autoscalingv2.HorizontalPodAutoscaler); ok {
			r.Expect(informer.SetTransform(by.Transform)).To(gomega.Succeed())
		}
	}
	go informer.RunWithContext(t.Context())
	r.source.reads.from = oneInformer{SharedIndexInformer: informer}
	r.source.Subscribe(func() { r.calls++ })
	r.Expect(r.source.reads.follow(t.Context(), func() { r.woken.Add(1) })).To(gomega.Succeed())
	r.Expect(r.source.reads.followed.Load()).To(gomega.BeTrue())
	r.source.renew(t.Context())
	r.woken.Store(0)
	r.calls = 0
	return r
}

// renewed expects that it is woken this often since the last time, and that the snapshot
// that is then made differs from the last and has these readers.
func (r *readsTest) renewed(ctx context.Context, woken int32, want map[string]finding.Object) {
	r.Eventually(r.woken.Load).Should(gomega.Equal(woken))
	r.source.renew(ctx)
	r.Expect(cmp.Diff(want, r.source.Snapshot().Reads)).To(gomega.BeEmpty())
	r.Expect(r.calls).To(gomega.Equal(1), "snapshots")
	r.woken.Store(0)
	r.calls = 0
}

// hpaOf is an autoscaler that reads metrics, with this value.
func hpaOf(name, value string, metrics ...string) *autoscalingv2.HorizontalPodAutoscaler {
	h := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
	h.Status.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{
		{Type: autoscalingv2.ScalingActive, Status: corev1.ConditionTrue, Reason: "ValidMetricFound"},
	}
	for _, metric := range metrics {
		h.Status.CurrentMetrics = append(h.Status.CurrentMetrics, autoscalingv2.MetricStatus{
			Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricStatus{
				Metric:          autoscalingv2.MetricIdentifier{Name: metric},
				DescribedObject: autoscalingv2.CrossVersionObjectReference{APIVersion: "v1", Kind: "Service", Name: name},
				Current:         autoscalingv2.MetricValueStatus{Value: new(resource.MustParse(value))},
			},
		})
	}
	return h
}

func readBy(name string) finding.Object {
	return finding.Object{Kind: "HorizontalPodAutoscaler", Namespace: "shop", Name: name}
}

// Each autoscaler has another status every 15 seconds. Events come in order, so whatever
// would wake it without reason is counted by the next expectation.
func TestOnlyAnotherSetOfReadMetricsMakesASnapshot(t *testing.T) {
	r := newReadsTest(t)
	ctx := t.Context()
	r.Expect(r.source.Snapshot().Reads).To(gomega.BeNil())

	r.hpas.Add(hpaOf("b", "1"))
	r.hpas.Modify(hpaOf("b", "1", "latency"))
	r.renewed(ctx, 1, map[string]finding.Object{"latency": readBy("b")})

	for _, value := range []string{"2", "3", "0"} {
		r.hpas.Modify(hpaOf("b", value, "latency"))
	}
	r.hpas.Add(hpaOf("a", "1", "latency")) // it is the first by name
	r.hpas.Add(hpaOf("c", "1", "latency"))
	r.hpas.Delete(hpaOf("c", "1", "latency"))
	r.hpas.Modify(hpaOf("a", "1", "latency", "errors"))
	r.renewed(ctx, 1, map[string]finding.Object{"latency": readBy("b"), "errors": readBy("a")})

	r.hpas.Modify(hpaOf("b", "1"))
	r.renewed(ctx, 1, map[string]finding.Object{"latency": readBy("a"), "errors": readBy("a")})

	r.hpas.Modify(hpaOf("b", "1", "latency"))
	r.hpas.Modify(hpaOf("b", "1"))
	r.hpas.Delete(hpaOf("b", "1"))
	r.hpas.Delete(hpaOf("a", "1", "latency", "errors"))
	r.renewed(ctx, 1, nil)
}

func TestAutoscalersThatAreThereAtTheStartCount(t *testing.T) {
	r := newReadsTest(t, hpaOf("b", "1", "latency"), hpaOf("a", "1", "latency"))
	r.Expect(r.source.Snapshot().Reads).To(gomega.Equal(map[string]finding.Object{"latency": readBy("a")}))
}
