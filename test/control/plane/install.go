package plane

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	corev1 "k8s.io/api/core/v1"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/test/control/player"
	"github.com/kong-latency/kong-latency/test/control/settings"
	"github.com/kong-latency/kong-latency/test/control/workload"
	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/guide"
	"github.com/kong-latency/kong-latency/test/product"
)

// podBound is the time limit for the adapter's pod to be created.
const podBound = 30 * time.Second

// measure makes the guide's extension measure the Services of all workloads, and its adapter
// serve their load.
func (p *Plane) measure(o *unstructured.Unstructured) error {
	switch {
	case o.GetKind() == "ConfigMap" && o.GetName() == guide.AdapterConfigMap.Name:
		config := generator.AdapterConfig(generator.SeedAdapterRule(),
			generator.AdapterRule(generator.Rule{Metric: settings.Rate}), generator.AdapterRule(generator.Rule{Metric: settings.Concurrency}))
		return unstructured.SetNestedField(o.Object, config, "data", guide.AdapterConfigKey)
	case o.GetKind() != "DataPlaneMetricsExtension":
		return nil
	}
	var names []any
	for _, name := range slices.Sorted(maps.Keys(p.workloads)) {
		names = append(names, map[string]any{"name": name})
	}
	return unstructured.SetNestedSlice(o.Object, names, "spec", "serviceSelector", "matchNames")
}

// runAdapterPod writes the status of the adapter's pod, which shows that the adapter runs
// with its present configuration.
func (p *Plane) runAdapterPod(ctx context.Context) error {
	return wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, podBound, true, func(ctx context.Context) (bool, error) {
		var pods corev1.PodList
		if err := p.Admin.List(ctx, &pods, client.InNamespace(guide.AdapterConfigMap.Namespace)); err != nil || len(pods.Items) == 0 {
			return false, err
		}
		return true, player.WriteStatus(ctx, p.Core, &pods.Items[0], workload.Ready)
	})
}

// installProduct installs the product as it is shipped, with a policy that has its profiles
// in compressed time.
func (p *Plane) installProduct(ctx context.Context, program []string) error {
	port, err := controlplane.FreePort()
	if err != nil {
		return err
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	if err := product.Install(ctx, p.Admin, "https://"+address); err != nil {
		return err
	}
	if _, err := product.Webhook(ctx, p.ControlPlane, address); err != nil {
		return err
	}
	policy, err := newPolicy()
	if err != nil {
		return err
	}
	if err := p.Admin.Create(ctx, policy); err != nil {
		return fmt.Errorf("create the policy: %w", err)
	}
	_, err = product.ControllerOf(ctx, p.ControlPlane, program)
	return err
}

// newPolicy is for all workloads.
func newPolicy() (*v1alpha1.LatencyPolicy, error) {
	names, profiles, err := settings.Profiles()
	if err != nil {
		return nil, err
	}
	out := &v1alpha1.LatencyPolicy{}
	out.Name = "compressed"
	for _, name := range names {
		out.Spec.Behaviors = append(out.Spec.Behaviors, v1alpha1.NamedBehavior{Name: name, HorizontalPodAutoscalerBehavior: profiles[name]})
	}
	return out, nil
}
