package rows

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/bench/measure"
	"github.com/kong-latency/kong-latency/test/bench/plane"
	"github.com/kong-latency/kong-latency/test/bench/report"
)

// readyRow measures the time until a process has filled its caches.
func readyRow(ctx context.Context, s *Session) (out report.Row, err error) {
	out = report.Row{
		Title:   fmt.Sprintf("From start to ready with %d Deployments, Services and autoscalers", s.Many),
		Against: "a bare client that lists them, all three at once",
		Why: "Objects are streamed one by one as watch events, which costs client and server more than a list, but neither " +
			"ever has all of them in memory. With few workloads most of it is process start, see growth.",
	}
	filled, err := s.filledPlane(ctx)
	if err != nil {
		return out, err
	}
	for _, part := range parts {
		s.Logf("ready: %s", part.name)
		got, err := measure.InTurn(ctx, s.Rounds, part.ready(filled), listing(filled))
		if err != nil {
			return out, err
		}
		out.Lines = append(out.Lines, line(got, "seconds", part.name, "s", report.AtMost(2, 1.3)))
		if got, err = measure.InTurn(ctx, s.Rounds, part.ready(filled), watching(filled)); err != nil {
			return out, err
		}
		out.Lines = append(out.Lines, line(got, "seconds", part.name+", against a client that streams them by watches", "s", report.Bound{}))
		profile, err := part.profileOfStart(ctx, filled, 1)
		if err != nil {
			return out, err
		}
		out.Profiles = append(out.Profiles, profile)
	}
	return out, nil
}

func (part part) ready(p *plane.Plane) measure.Side {
	return func(ctx context.Context) (measure.Figures, error) {
		process, err := part.start(ctx, p)
		if err != nil {
			return nil, err
		}
		took := time.Since(process.Started())
		return measure.Figures{"seconds": took.Seconds()}, process.Stop()
	}
}

// listing lists everything with a new client, as protobuf.
func listing(p *plane.Plane) measure.Side {
	return func(ctx context.Context) (measure.Figures, error) {
		scheme := runtime.NewScheme()
		if err := clientgoscheme.AddToScheme(scheme); err != nil {
			return nil, err
		}
		began := time.Now()
		c, err := client.New(p.Config(), client.Options{Scheme: scheme})
		if err != nil {
			return nil, err
		}
		lists := []client.ObjectList{&appsv1.DeploymentList{}, &corev1.ServiceList{}, &autoscalingv2.HorizontalPodAutoscalerList{}}
		err = plane.Parallel(ctx, len(lists), len(lists), func(ctx context.Context, i int) error { return c.List(ctx, lists[i]) })
		return measure.Figures{"seconds": time.Since(began).Seconds()}, errors.Join(err)
	}
}

// watching reads everything with bare informers, which keep names only.
func watching(p *plane.Plane) measure.Side {
	return func(ctx context.Context) (measure.Figures, error) {
		config := p.Config()
		config.QPS = -1
		config.ContentType = runtime.ContentTypeProtobuf
		began := time.Now()
		c, err := kubernetes.NewForConfig(config)
		if err != nil {
			return nil, err
		}
		ctx, stop := context.WithCancel(ctx)
		all := informers.NewSharedInformerFactoryWithOptions(c, 0, informers.WithTransform(onlyName))
		all.Apps().V1().Deployments().Informer()
		all.Core().V1().Services().Informer()
		all.Autoscaling().V2().HorizontalPodAutoscalers().Informer()
		all.StartWithContext(ctx)
		defer all.Shutdown()
		defer stop()
		if err := all.WaitForCacheSyncWithContext(ctx).AsError(); err != nil {
			return nil, err
		}
		return measure.Figures{"seconds": time.Since(began).Seconds()}, nil
	}
}

func onlyName(in any) (any, error) {
	o, err := meta.Accessor(in)
	if err != nil {
		return nil, err
	}
	return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Namespace: o.GetNamespace(), Name: o.GetName(), ResourceVersion: o.GetResourceVersion(),
	}}, nil
}
