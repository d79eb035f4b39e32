package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/e2e/gateway"
	"github.com/kong-latency/kong-latency/test/e2e/stack"
	"github.com/kong-latency/kong-latency/test/guide"
)

// sample is the workload that holds its target, from the repository's root.
const sample = "config/samples/echo.yaml"

// workloads are the others.
//
//go:embed workloads.yaml
var workloads string

var checkout = types.NamespacedName{Namespace: "default", Name: "checkout"}

// fleet is a cluster with four workloads: echo holds its target, checkout is at its maximum
// and misses it, the metric pipeline of orders is broken, and reports is blocked.
type fleet struct {
	*stack.Stack
	begin    time.Time
	checkout *gateway.Gateway
	loads    []*stack.Load
	// cancel ends what changes objects, for which changing waits.
	cancel   context.CancelFunc
	changing sync.WaitGroup
}

// awaitAdmission is how long the API server may take to admit by what was just applied.
const awaitAdmission = 30 * time.Second

// limit is when the traffic ends, if nothing ends it earlier.
const limit = time.Hour

// startFleet returns a fleet in which checkout is under load.
func startFleet(ctx context.Context) (*fleet, error) {
	s, err := stack.Start(ctx, stack.Options{
		Monitored: true,
		Scrape:    time.Second,
		Rules:     stack.FastRule,
		PerPod:    true,
		// A server handles requests one after the other, so that latency falls with replicas.
		Capacity: gateway.Capacity{ServiceTime: 19 * time.Millisecond, Queue: 50},
	})
	if err != nil {
		return nil, err
	}
	f := &fleet{Stack: s, begin: time.Now(), cancel: func() {}}
	if err := f.apply(ctx); err != nil {
		return nil, errors.Join(err, f.stop())
	}
	return f, nil
}

func (f *fleet) apply(ctx context.Context) error {
	var err error
	if f.checkout, err = gateway.Start(context.WithoutCancel(ctx), gateway.Options{Service: checkout}); err != nil {
		return err
	}
	if err := f.Measured(ctx, f.checkout.MetricsAddress()); err != nil {
		return err
	}
	f.loads = append(f.loads, gateway.Traffic{
		URL: f.checkout.URL() + stack.Seed.Path, Clients: 2, Pause: 100 * time.Millisecond, Limit: limit,
	}.Start(context.WithoutCancel(ctx)))
	// The webhook refuses orders until it has seen the policy.
	err = f.Await(ctx, stack.Webhook, awaitAdmission, func(ctx context.Context) error {
		_, err := f.Kubectl(ctx, workloads, "apply", "-f", "-")
		return err
	})
	if err != nil {
		return err
	}
	if err := f.controlPlanes(ctx, "checkout", "orders"); err != nil {
		return err
	}
	if _, err := f.Kubectl(ctx, "", "apply", "-f", sample); err != nil {
		return err
	}
	if _, err := f.Kubectl(ctx, "", "annotate", "deployment", "echo", "kong.latency/metric="+stack.FastMetric); err != nil {
		return err
	}
	if err := f.unreachable(ctx); err != nil {
		return err
	}
	change, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f.cancel = cancel
	f.changing.Go(func() { f.change(change) })
	return nil
}

// controlPlanes creates what Kong Operator creates for these Gateways.
func (f *fleet) controlPlanes(ctx context.Context, gateways ...string) error {
	for _, name := range gateways {
		named := func(o *unstructured.Unstructured) error {
			o.SetName(name + "-abcde")
			return guide.SetOwner(ctx, f.Admin(), o, name)
		}
		if err := guide.ApplyChanged(ctx, f.Admin(), named, guide.ControlPlane); err != nil {
			return err
		}
	}
	return nil
}

// change has a Deployment admitted every few seconds, without changing it, as in a cluster
// in which teams deploy.
func (f *fleet) change(ctx context.Context) {
	ticker := time.NewTicker(3 * time.Second)
	defer ticker.Stop()
	for {
		d := &appsv1.Deployment{}
		if err := f.Admin().Get(ctx, checkout, d); err == nil {
			_ = f.Admin().Update(ctx, d, client.DryRunAll) // the next one is as good
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// awaitSize is how long Prometheus may take to know the size of echo.
const awaitSize = time.Minute

// busy sends requests to echo, more than one replica can serve in time. Its size has to be
// known before that: what shows rescales compares it with an earlier one.
func (f *fleet) busy(ctx context.Context) (*stack.Load, error) {
	err := f.Await(ctx, stack.Prometheus, awaitSize, func(ctx context.Context) error {
		v, err := newQueries(f.PrometheusURL(), since(f.begin, time.Second))
		if err != nil {
			return err
		}
		known, err := v.instant(ctx, `kube_horizontalpodautoscaler_status_desired_replicas{horizontalpodautoscaler="echo"} offset 10s`)
		if err == nil && len(known) == 0 {
			err = errors.New("the size of echo has not been known for 10 s")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	load := f.Send(stack.Traffic{Path: "/", Clients: 10}, limit)
	f.loads = append(f.loads, load)
	return load, nil
}

// replicas returns nil if a Deployment has at least this many replicas.
func (f *fleet) replicas(ctx context.Context, name string, least int32) error {
	d, err := f.Core().AppsV1().Deployments("default").Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if d.Status.ReadyReplicas < least {
		return fmt.Errorf("deployment %s has %d ready replicas, not %d", name, d.Status.ReadyReplicas, least)
	}
	return nil
}

func (f *fleet) stop() error {
	f.cancel()
	f.changing.Wait()
	for _, l := range f.loads {
		l.Stop()
	}
	if f.checkout != nil {
		f.checkout.Close()
	}
	return f.Stop()
}
