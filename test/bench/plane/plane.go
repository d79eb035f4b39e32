// Package plane starts what benchmarks run on: a real control plane with the objects
// of Kong's guide, so that the metric pipeline is complete except for routes and the
// extension of each workload, and any number of workloads.
package plane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/e2e/adapter"
	"github.com/kong-latency/kong-latency/test/guide"
	"github.com/kong-latency/kong-latency/test/product"
)

// Plane is one control plane. It runs etcd and the API server only, so that nothing
// else competes for the processors.
type Plane struct {
	*controlplane.ControlPlane
	Admin client.Client
	Core  kubernetes.Interface
	// Address is where the webhook of the shipped configuration is called, host:port.
	Address string

	stopAdapter context.CancelFunc
}

// Start starts a plane with the guide and without the product.
func Start(ctx context.Context, logf func(string, ...any)) (p *Plane, err error) {
	p = &Plane{stopAdapter: func() {}}
	if p.ControlPlane, err = controlplane.Start(ctx, controlplane.Options{Bare: true, Logf: logf}); err != nil {
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
	if p.Admin, err = client.New(config, client.Options{}); err != nil {
		return p, fmt.Errorf("make client: %w", err)
	}
	port, err := controlplane.FreePort()
	if err != nil {
		return p, err
	}
	p.Address = fmt.Sprintf("127.0.0.1:%d", port)
	if err := p.install(ctx); err != nil {
		return p, err
	}
	return p, p.makeNamespaces(ctx)
}

// install creates the guide's objects and runs an adapter that answers.
func (p *Plane) install(ctx context.Context) error {
	if err := controlplane.InstallCRDs(ctx, p.Admin); err != nil {
		return err
	}
	if err := guide.Apply(ctx, p.Admin, guide.Parts()...); err != nil {
		return err
	}
	if err := p.runAdapterPod(ctx); err != nil {
		return fmt.Errorf("make the adapter's pod: %w", err)
	}
	text, err := guide.AdapterConfig()
	if err != nil {
		return err
	}
	file := filepath.Join(p.Dir(), "adapter.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write the adapter's configuration: %w", err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	p.stopAdapter = stop
	a, err := adapter.Start(ctx, adapter.Options{
		ConfigFile: file, Prometheus: "http://127.0.0.1:1", Kubeconfig: p.Kubeconfig(), RelistInterval: time.Hour,
	})
	if err != nil {
		return err
	}
	return adapter.Register(ctx, p.Config(), guide.AdapterConfigMap.Namespace, a.Port())
}

// runAdapterPod creates the pod that a cluster would run for the adapter's Deployment.
func (p *Plane) runAdapterPod(ctx context.Context) error {
	objects, err := guide.Objects(guide.Adapter)
	if err != nil {
		return err
	}
	for _, o := range objects {
		if o.GetKind() != "Deployment" {
			continue
		}
		var d appsv1.Deployment
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &d); err != nil {
			return err
		}
		pod := &corev1.Pod{ObjectMeta: d.Spec.Template.ObjectMeta, Spec: d.Spec.Template.Spec}
		pod.Namespace, pod.Name = d.Namespace, d.Name+"-0"
		if err := p.Admin.Create(ctx, pod); err != nil {
			return err
		}
		pod.Status.Phase = corev1.PodRunning
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
			Name: pod.Spec.Containers[0].Name,
			// Later than any change of the ConfigMap, which it has therefore read.
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(time.Now().Add(time.Second))}},
		}}
		return p.Admin.Status().Update(ctx, pod)
	}
	return errors.New("the guide has no Deployment of the adapter")
}

// Install applies the shipped manifests, with the webhooks at Address.
func (p *Plane) Install(ctx context.Context) error {
	return product.Install(ctx, p.Admin, "https://"+p.Address)
}

// Stop stops everything.
func (p *Plane) Stop() error {
	p.stopAdapter()
	return p.ControlPlane.Stop()
}
