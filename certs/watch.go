package certs

import (
	"context"
	"sync"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/go-logr/logr"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// watch signals changes of the few objects that certificates depend on. It only
// signals: their content is read anew, so that decisions are based on the current
// state. If it fails, the interval applies.
type watch struct {
	cache   cache.Cache
	objects []client.Object
	log     logr.Logger
	changed chan struct{} // capacity 1
}

// newWatch watches single objects by name, for which single names suffice in RBAC.
func newWatch(mgr manager.Manager, scheme *runtime.Scheme, log logr.Logger, mode Mode, o Options) (*watch, error) {
	named := func(name string) fields.Selector { return fields.OneTermEqualSelector("metadata.name", name) }
	inNamespace := func(name string) cache.ByObject {
		return cache.ByObject{Namespaces: map[string]cache.Config{o.Namespace: {FieldSelector: named(name)}}}
	}
	by := map[client.Object]cache.ByObject{&corev1.Secret{}: inNamespace(o.Secret)}
	if o.WebhookConfiguration != "" {
		selector := cache.ByObject{Field: named(o.WebhookConfiguration)}
		by[&admissionv1.MutatingWebhookConfiguration{}] = selector
		by[&admissionv1.ValidatingWebhookConfiguration{}] = selector
	}
	if mode == CertManager {
		by[&cmv1.Certificate{}] = inNamespace(o.Certificate)
	}
	c, err := cache.New(mgr.GetConfig(), cache.Options{
		Scheme: scheme, HTTPClient: mgr.GetHTTPClient(), Mapper: mgr.GetRESTMapper(), ByObject: by,
	})
	if err != nil {
		return nil, err
	}
	w := &watch{cache: c, log: log, changed: make(chan struct{}, 1)}
	for object := range by {
		w.objects = append(w.objects, object)
	}
	return w, nil
}

// run watches until the context ends.
func (w *watch) run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		if err := w.cache.Start(ctx); err != nil {
			w.log.Error(err, "watch of certificates ended; checking them periodically")
		}
	})
	notify := func(any) { w.notify() }
	for _, object := range w.objects {
		informer, err := w.cache.GetInformer(ctx, object, cache.BlockUntilSynced(false))
		if err == nil {
			_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
				AddFunc:    notify,
				UpdateFunc: func(_, _ any) { w.notify() },
				DeleteFunc: notify,
			})
		}
		if err != nil && ctx.Err() == nil {
			w.log.Error(err, "cannot watch what certificates depend on; checking it periodically")
		}
	}
}

// notify never blocks: one pending signal is enough.
func (w *watch) notify() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}
