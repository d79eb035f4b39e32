package watch

import (
	"context"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	toolscache "k8s.io/client-go/tools/cache"
	ctrlcache "sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/cluster/discover"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// poller reads what is not watched: the adapter, and a Service named by
// configuration.
type poller struct {
	interval time.Duration
	api      func() pipeline.MetricsAPI
	adapter  *discover.AdapterReader
	// places says where the adapter's ConfigMap and the operator's Service are; the
	// latter is read from direct. What it leaves empty is to be found.
	places  func() discover.Places
	direct  client.Reader
	changed func()
	log     logr.Logger
	// wake has room for one; hurry fills it.
	wake chan struct{}
	// checkedAt is when it last ran, even if there was nothing to read yet.
	checkedAt atomic.Pointer[time.Time]

	mu              sync.Mutex
	looked          bool
	adapterResult   pipeline.Adapter
	operatorService pipeline.Set[pipeline.OperatorService]
}

func (p *poller) run(ctx context.Context) {
	for {
		p.look(ctx)
		p.checkedAt.Store(new(time.Now()))
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		case <-time.After(p.interval):
		}
	}
}

// hurry has the poller run again at once.
func (p *poller) hurry() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// look reads everything once.
func (p *poller) look(ctx context.Context) {
	api := p.api()
	if api.State == pipeline.Unread {
		return // hurry will be called when it is not
	}
	limited, cancel := context.WithTimeout(ctx, 2*probeTimeout)
	defer cancel()
	at := p.places()
	adapter := p.adapter.Read(limited, at.Adapter, api, time.Now())
	var operator pipeline.Set[pipeline.OperatorService]
	if at.OperatorService.Name != "" {
		operator = discover.NamedOperatorService(limited, p.direct, at.OperatorService)
	}
	if ctx.Err() != nil {
		return // a failure for that reason is no result
	}
	p.mu.Lock()
	differs := !p.looked || !reflect.DeepEqual(adapter, p.adapterResult) || !reflect.DeepEqual(operator, p.operatorService)
	standing := !p.looked || adapter.State != p.adapterResult.State || adapter.Why != p.adapterResult.Why
	p.looked, p.adapterResult, p.operatorService = true, adapter, operator
	p.mu.Unlock()
	if standing {
		p.log.Info("read the adapter's configuration", "state", adapter.State, "why", adapter.Why,
			"configMap", adapter.ConfigMap.String(), "key", adapter.Key)
	}
	if differs {
		p.changed()
	}
}

// settled reports whether there is a result.
func (p *poller) settled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.looked
}

func (p *poller) result() (pipeline.Adapter, pipeline.Set[pipeline.OperatorService]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.adapterResult, p.operatorService
}

// serviceWatcher calls changed whenever a Service that may be the operator's, or a
// Deployment that runs the operator, changes, until ctx ends.
type serviceWatcher func(ctx context.Context, changed func()) error

func watchOperator(c ctrlcache.Cache) serviceWatcher {
	return func(ctx context.Context, changed func()) error {
		services, err := c.GetInformer(ctx, &corev1.Service{})
		if err != nil {
			return err
		}
		// Without Deployments it only stays open which Service counts.
		deployments, err := c.GetInformer(ctx, &appsv1.Deployment{}, ctrlcache.BlockUntilSynced(false))
		if err != nil {
			return err
		}
		handle := func(o any) {
			if d, ok := o.(toolscache.DeletedFinalStateUnknown); ok {
				o = d.Obj
			}
			switch o := o.(type) {
			case *corev1.Service:
				if discover.IsOperatorService(o.Namespace, o.Name, o.Labels) {
					changed()
				}
			case *appsv1.Deployment:
				if discover.RunsOperator(o) {
					changed()
				}
			}
		}
		handler := toolscache.ResourceEventHandlerFuncs{
			AddFunc:    handle,
			UpdateFunc: func(before, after any) { handle(before); handle(after) },
			DeleteFunc: handle,
		}
		if _, err := deployments.AddEventHandler(handler); err != nil {
			return err
		}
		_, err = services.AddEventHandler(handler)
		return err
	}
}
