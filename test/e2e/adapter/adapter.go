// Package adapter is a custom metrics API server for tests. It reads a
// prometheus-adapter configuration and answers from a real Prometheus, by the
// rule language of pipeline/adapter, as prometheus-adapter would.
package adapter

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/klog/v2"
	basecmd "sigs.k8s.io/custom-metrics-apiserver/pkg/cmd"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	rules "github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// Options are the adapter's options.
type Options struct {
	// Port of 127.0.0.1 to serve on. Zero means any free port.
	Port       int
	ConfigFile string // prometheus-adapter's config.yaml
	Prometheus string // URL
	// Kubeconfig of the cluster: discovery, and delegated authentication and
	// authorization.
	Kubeconfig string
	// RelistInterval is the interval at which series are listed.
	RelistInterval time.Duration
	// MaxAge is the maximum age of the latest sample of a listed series. Zero means
	// RelistInterval.
	MaxAge time.Duration
}

// Adapter is a running adapter. It ends with the context of Start.
type Adapter struct {
	port int
	done chan struct{}
	err  error // valid once done is closed
}

// Start reads the configuration, which must be valid as for prometheus-adapter, and
// serves on loopback with a new self-signed certificate. It logs to klog.
func Start(ctx context.Context, o Options) (*Adapter, error) {
	a, err := start(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("start adapter: %w", err)
	}
	return a, nil
}

// Port returns the port of the API on 127.0.0.1.
func (a *Adapter) Port() int { return a.port }

// Done is closed when the adapter has ended.
func (a *Adapter) Done() <-chan struct{} { return a.done }

// Err returns why the adapter ended; nil while it runs and after a normal end.
func (a *Adapter) Err() error {
	select {
	case <-a.done:
		return a.err
	default:
		return nil
	}
}

func start(ctx context.Context, o Options) (*Adapter, error) {
	if o.MaxAge == 0 {
		o.MaxAge = o.RelistInterval
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", o.Port))
	if err != nil {
		return nil, err
	}
	base := newBase(o, listener)
	m, err := build(base, o)
	if err != nil {
		listener.Close()
		return nil, err
	}
	a, err := serve(ctx, base, listener, m, nil)
	if err != nil {
		return nil, err
	}
	go wait.UntilWithContext(ctx, func(ctx context.Context) {
		if err := m.relist(ctx); err != nil && ctx.Err() == nil {
			klog.ErrorS(err, "relisting failed, keeping what was known")
		}
	}, o.RelistInterval)
	return a, nil
}

// Serve serves other metrics than those of a Prometheus, on any free port, and handlers of
// other APIs by the prefix of their paths.
func Serve(ctx context.Context, kubeconfig string, p provider.CustomMetricsProvider, other map[string]http.Handler) (*Adapter, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serve metrics: %w", err)
	}
	a, err := serve(ctx, newBase(Options{Kubeconfig: kubeconfig}, listener), listener, p, other)
	if err != nil {
		return nil, fmt.Errorf("serve metrics: %w", err)
	}
	return a, nil
}

func serve(ctx context.Context, base *basecmd.AdapterBase, listener net.Listener, p provider.CustomMetricsProvider, other map[string]http.Handler) (*Adapter, error) {
	base.WithCustomMetrics(p)
	server, err := base.Server()
	if err != nil {
		listener.Close()
		return nil, fmt.Errorf("make API server: %w", err)
	}
	for prefix, handler := range other {
		server.GenericAPIServer.Handler.NonGoRestfulMux.HandlePrefix(prefix, handler)
	}
	a := &Adapter{port: listener.Addr().(*net.TCPAddr).Port, done: make(chan struct{})}
	go func() {
		defer close(a.done)
		a.err = base.Run(ctx)
	}()
	return a, nil
}

func newBase(o Options, listener net.Listener) *basecmd.AdapterBase {
	base := &basecmd.AdapterBase{
		Name:                 "kong-latency-e2e-adapter",
		FlagSet:              pflag.NewFlagSet("adapter", pflag.ContinueOnError), // only to carry defaults
		RemoteKubeConfigFile: o.Kubeconfig,
		DiscoveryInterval:    10 * time.Minute,
	}
	base.InstallFlags()
	base.SecureServing.Listener = listener
	base.SecureServing.ServerCert.CertDirectory = "" // keep the certificate in memory
	base.SecureServing.ServerCert.PairName = ""
	base.Authentication.RemoteKubeConfigFile = o.Kubeconfig
	base.Authorization.RemoteKubeConfigFile = o.Kubeconfig
	return base
}

// build parses the configuration with the cluster's discovery.
func build(base *basecmd.AdapterBase, o Options) (*metrics, error) {
	discovery, err := base.DiscoveryClient()
	if err != nil {
		return nil, err
	}
	_, lists, err := discovery.ServerGroupsAndResources()
	if len(lists) == 0 && err != nil { // some API groups may be down
		return nil, fmt.Errorf("discover resources: %w", err)
	}
	text, err := os.ReadFile(o.ConfigFile)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	kinds := rules.NewResources(lists)
	config, err := rules.Parse(text, kinds)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", o.ConfigFile, err)
	}
	if err := config.CheckIntervals(o.RelistInterval, o.MaxAge); err != nil {
		return nil, err
	}
	server, err := newPrometheus(o.Prometheus)
	if err != nil {
		return nil, err
	}
	mapper, err := base.RESTMapper()
	if err != nil {
		return nil, err
	}
	objects, err := base.DynamicClient()
	if err != nil {
		return nil, err
	}
	return newMetrics(config, kinds, server, mapper, objects, o.MaxAge), nil
}
