// Package plane starts what workloads are played on: a control plane without a node, the
// objects of Kong's guide, the product as it is shipped, and the metrics of the workloads.
package plane

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/test/control/compressed"
	"github.com/kong-latency/kong-latency/test/control/metricsapi"
	"github.com/kong-latency/kong-latency/test/control/workload"
	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/e2e/adapter"
	"github.com/kong-latency/kong-latency/test/guide"
)

// Namespace is that of the workloads and of the guide's Gateway.
const Namespace = "default"

// Plane is a control plane with the product.
type Plane struct {
	*controlplane.ControlPlane
	Admin client.Client
	Core  kubernetes.Interface

	workloads map[string]*workload.Workload
	stop      context.CancelFunc
}

// controllers are those that Deployments need for pods, and the HPA controller. All others
// would only take processor time.
const controllers = "--controllers=deployment-controller,replicaset-controller,horizontal-pod-autoscaler-controller"

// controllerManagerFlags are the defaults of the HPA controller in compressed time.
func controllerManagerFlags() []string {
	o := compressed.Options()
	flag := func(name string, d time.Duration) string {
		return fmt.Sprintf("--horizontal-pod-autoscaler-%s=%s", name, d)
	}
	return []string{
		controllers,
		flag("sync-period", o.SyncPeriod), flag("downscale-stabilization", o.DownscaleStabilization),
		flag("cpu-initialization-period", o.CPUInitializationPeriod), flag("initial-readiness-delay", o.InitialReadinessDelay),
		"--concurrent-horizontal-pod-autoscaler-syncs=16",
	}
}

// Start starts a plane for workloads. The program runs the product's controller in
// compressed time.
func Start(ctx context.Context, program []string, workloads map[string]*workload.Workload, logf func(string, ...any)) (p *Plane, err error) {
	p = &Plane{workloads: workloads, stop: func() {}}
	p.ControlPlane, err = controlplane.Start(ctx, controlplane.Options{NoNode: true, ControllerManagerFlags: controllerManagerFlags(), Logf: logf})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Stop())
		}
	}()
	config := p.Config()
	config.WarningHandler = rest.NoWarnings{}
	if p.Core, err = kubernetes.NewForConfig(config); err != nil {
		return p, fmt.Errorf("make client: %w", err)
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return p, fmt.Errorf("make client: %w", err)
	}
	if p.Admin, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		return p, fmt.Errorf("make client: %w", err)
	}
	if err := p.installPipeline(ctx); err != nil {
		return p, err
	}
	return p, p.installProduct(ctx, program)
}

// installPipeline creates the guide's objects, and serves the metrics in the place of the
// adapter.
func (p *Plane) installPipeline(ctx context.Context) error {
	if err := controlplane.InstallCRDs(ctx, p.Admin); err != nil {
		return err
	}
	if err := guide.ApplyChanged(ctx, p.Admin, p.measure, guide.Parts()...); err != nil {
		return err
	}
	if err := p.runAdapterPod(ctx); err != nil {
		return fmt.Errorf("run the adapter's pod: %w", err)
	}
	serve, stop := context.WithCancel(context.WithoutCancel(ctx))
	p.stop = stop
	metrics := metricsapi.Metrics(p.workloads)
	a, err := adapter.Serve(serve, p.Kubeconfig(), metrics, map[string]http.Handler{metricsapi.ResourcePrefix: metrics.Resource()})
	if err != nil {
		return err
	}
	if err := adapter.Register(ctx, p.Config(), guide.AdapterConfigMap.Namespace, a.Port()); err != nil {
		return err
	}
	return adapter.RegisterResourceMetrics(ctx, p.Config(), guide.AdapterConfigMap.Namespace, a.Port())
}

// Stop stops everything.
func (p *Plane) Stop() error {
	p.stop()
	return p.ControlPlane.Stop()
}
