// Package stack starts a cluster in which latency autoscaling works from end to end:
// a real control plane, the objects of Kong's guide, a real Prometheus, an adapter,
// a gateway that measures real requests, and the product by its shipped manifests.
// prometheus-operator is the real one, too. Only Kong, its operator and prometheus-adapter
// are simulated. The demo shows it; end-to-end tests share one per package.
//
// Tests may break objects of the pipeline: change or delete them with [Stack.Admin], and
// let [Stack.Restore] create them again. As in a real cluster, the adapter only reads its
// configuration at [Stack.RestartAdapter].
package stack

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/e2e/adapter"
	"github.com/kong-latency/kong-latency/test/e2e/gateway"
	"github.com/kong-latency/kong-latency/test/e2e/operator"
	"github.com/kong-latency/kong-latency/test/guide"
)

// Echo is the Service that the gateway routes to and whose latency is measured. Users of
// the stack have to create it.
var Echo = types.NamespacedName{Namespace: "default", Name: "echo"}

// Stack is a running cluster. Stop it with Stop. The gateway and the adapter are part of this
// process; everything else runs as child processes of the control plane.
type Stack struct {
	options Options
	// run is the context of what is part of this process.
	run    context.Context
	cancel context.CancelFunc

	cp         *controlplane.ControlPlane
	core       kubernetes.Interface
	admin      client.Client
	prometheus *prometheus
	operator   *operator.Configured
	gateway    *gateway.Gateway
	watched    []watched

	mu          sync.Mutex // guards what follows
	adapter     *adapter.Adapter
	stopAdapter context.CancelFunc
}

// watched is a child process, and the hop that fails with it.
type watched struct {
	hop     Hop
	process *controlplane.Process
}

// Start starts everything and returns when the API server calls the webhook. ctx limits
// the start; later it has no effect. After an error nothing is left running; the error
// names the hop that failed, and is a [LoggedError] unless ctx was canceled.
//
// The libraries in this process (klog, controller-runtime, log) log into the stack's
// folder from then on.
func Start(ctx context.Context, o Options) (*Stack, error) {
	s := &Stack{options: o}
	s.run, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	// Waits within this process during the start also end with ctx.
	detach := context.AfterFunc(ctx, s.cancel)
	err := s.start(ctx)
	if err == nil && !detach() {
		err = context.Cause(ctx)
	}
	if err == nil {
		return s, nil
	}
	if !errors.Is(context.Cause(ctx), context.Canceled) {
		err = s.SaveLogs(err)
	}
	_ = s.Stop() // err is the cause
	return nil, err
}

// Stop stops everything, and is bounded. The error names the processes that had failed
// or had to be killed.
func (s *Stack) Stop() error {
	// Parts in this process are stopped first: the API server waits for its clients.
	s.cancel()
	if a := s.runningAdapter(); a != nil {
		<-a.Done()
	}
	if s.operator != nil {
		<-s.operator.Done()
	}
	if s.gateway != nil {
		s.gateway.Close()
	}
	if s.cp == nil {
		return nil
	}
	return s.cp.Stop()
}

// Config returns a configuration for a client with all rights and without a rate limit.
// The caller owns the copy.
func (s *Stack) Config() *rest.Config { return s.cp.Config() }

// Kubeconfig returns the path of a kubeconfig with the rights of Config.
func (s *Stack) Kubeconfig() string { return s.cp.Kubeconfig() }

// Admin returns a client with all rights, which does not print warnings. It supports the
// built-in kinds; use unstructured for others.
func (s *Stack) Admin() client.Client { return s.admin }

// Core returns a typed client with the same rights.
func (s *Stack) Core() kubernetes.Interface { return s.core }

// Dir returns the folder of the components' logs, <name>.log, until Stop.
func (s *Stack) Dir() string { return s.cp.Dir() }

// GatewayURL returns the URL of Service [Echo] through the gateway, without a trailing
// slash.
func (s *Stack) GatewayURL() string { return s.gateway.URL() }

// PrometheusURL returns the URL of Prometheus.
func (s *Stack) PrometheusURL() string { return s.prometheus.url }

// Restore applies parts of the guide again: deleted objects are created, and the fields
// that the guide sets are reset.
func (s *Stack) Restore(ctx context.Context, parts ...string) error {
	return guide.ApplyChanged(ctx, s.admin, s.options.change, parts...)
}

// Alive returns an error if something has ended unexpectedly.
func (s *Stack) Alive() error {
	for _, w := range s.watched {
		select {
		case <-w.process.Done():
			if err := w.process.Err(); err != nil {
				return At(w.hop, err)
			}
			return At(w.hop, fmt.Errorf("its process ended"))
		default:
		}
	}
	if a := s.runningAdapter(); a != nil {
		return At(API, a.Err())
	}
	return nil
}
