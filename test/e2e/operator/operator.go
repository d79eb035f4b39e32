// Package operator simulates prometheus-operator for one Prometheus and a few Services: it
// watches ServiceMonitors, writes the configuration of a Prometheus that runs outside of
// the cluster, and reloads it.
package operator

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Options are the operator's options.
type Options struct {
	// Config is for the cluster, which must have the kinds of prometheus-operator.
	Config *rest.Config
	// Prometheus is the object whose selectors select monitors.
	Prometheus types.NamespacedName
	// Services are scraped if a monitor selects them: the real targets behind each.
	Services map[types.NamespacedName][]Target
	// File is Prometheus' configuration.
	File string
	// More, if set, is a file with further scrape_configs.
	More string
	// Reload makes Prometheus read it again. It is called after changes only.
	Reload func(context.Context) error
}

// Target is one process whose metrics a Service exposes.
type Target struct {
	// Address is its real host:port.
	Address string
	// Pod is the name of the pod that it represents; empty without the label.
	Pod string
}

// Operator is a running operator. It ends with the context of Start.
type Operator struct {
	options Options
	cache   cache.Cache
	// wake has capacity 1: it signals a change, not the number of changes.
	wake chan struct{}
	done chan struct{}

	mu       sync.Mutex
	services map[types.NamespacedName][]Target
	written  []byte
	problem  error
}

// retryAfter is the delay of retries when nothing changes.
const retryAfter = time.Second

// Start writes the first configuration and then follows the cluster.
func Start(ctx context.Context, options Options) (*Operator, error) {
	o := &Operator{
		options: options, services: maps.Clone(options.Services),
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	if err := o.watch(ctx); err != nil {
		return nil, fmt.Errorf("watch ServiceMonitors: %w", err)
	}
	text, err := o.configuration(ctx)
	if err != nil {
		return nil, err
	}
	if err := o.write(text); err != nil {
		return nil, err
	}
	go o.run(ctx)
	return o, nil
}

// Done is closed when the operator has ended.
func (o *Operator) Done() <-chan struct{} { return o.done }

// Serve adds targets to those of a Service, which must exist.
func (o *Operator) Serve(service types.NamespacedName, targets ...Target) {
	o.mu.Lock()
	o.services[service] = slices.Concat(o.services[service], targets)
	o.mu.Unlock()
	o.changed()
}

// changed wakes the operator.
func (o *Operator) changed() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Problem returns why Prometheus does not have the current configuration, nil if it has.
func (o *Operator) Problem() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.problem
}

// watch returns when the cache is synced.
func (o *Operator) watch(ctx context.Context) error {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, monitoringv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return err
		}
	}
	var err error
	if o.cache, err = cache.New(o.options.Config, cache.Options{Scheme: scheme}); err != nil {
		return err
	}
	for _, kind := range []client.Object{&corev1.Service{}, &monitoringv1.Prometheus{}, &monitoringv1.ServiceMonitor{}} {
		informer, err := o.cache.GetInformer(ctx, kind, cache.BlockUntilSynced(false))
		if err != nil {
			return err
		}
		_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
			AddFunc:    func(any) { o.changed() },
			UpdateFunc: func(any, any) { o.changed() },
			DeleteFunc: func(any) { o.changed() },
		})
		if err != nil {
			return err
		}
	}
	go func() { _ = o.cache.Start(ctx) }() // ends with the context, without an error
	if !o.cache.WaitForCacheSync(ctx) {
		return context.Cause(ctx)
	}
	return nil
}

func (o *Operator) run(ctx context.Context) {
	defer close(o.done)
	for {
		var retry <-chan time.Time
		err := o.sync(ctx)
		if err != nil {
			retry = time.After(retryAfter)
		}
		o.mu.Lock()
		o.problem = err
		o.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-o.wake:
		case <-retry:
		}
	}
}

// sync updates Prometheus' configuration, if it has changed.
func (o *Operator) sync(ctx context.Context) error {
	text, err := o.configuration(ctx)
	if err != nil || bytes.Equal(text, o.written) {
		return err
	}
	if err := o.write(text); err != nil {
		return err
	}
	if err := o.options.Reload(ctx); err != nil {
		o.written = nil // so that it is retried
		return fmt.Errorf("reload Prometheus: %w", err)
	}
	return nil
}

func (o *Operator) configuration(ctx context.Context) ([]byte, error) {
	var p monitoringv1.Prometheus
	if err := o.cache.Get(ctx, o.options.Prometheus, &p); err != nil {
		return nil, fmt.Errorf("read Prometheus: %w", err)
	}
	o.mu.Lock()
	services := maps.Clone(o.services)
	o.mu.Unlock()
	var all []served
	for name, targets := range services {
		one := served{targets: targets}
		if err := o.cache.Get(ctx, name, &one.service); err != nil {
			return nil, fmt.Errorf("read Service of the metrics: %w", err)
		}
		all = append(all, one)
	}
	var monitors monitoringv1.ServiceMonitorList
	if err := o.cache.List(ctx, &monitors); err != nil {
		return nil, fmt.Errorf("list ServiceMonitors: %w", err)
	}
	return configuration(&p, monitors.Items, all, o.options.More)
}

func (o *Operator) write(text []byte) error {
	if err := os.WriteFile(o.options.File, text, 0o600); err != nil {
		return fmt.Errorf("write configuration of Prometheus: %w", err)
	}
	o.written = text
	return nil
}
