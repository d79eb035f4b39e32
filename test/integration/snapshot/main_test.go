// Package snapshot tests reading a cluster on a real API server with the real
// definitions of the kinds that it reads. It uses a separate control plane, because it
// installs and removes these kinds.
package snapshot

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/cluster/watch"
	"github.com/kong-latency/kong-latency/test/controlplane"
)

var (
	cp    *controlplane.ControlPlane
	admin client.Client
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	var err error
	if cp, err = controlplane.Start(ctx, controlplane.Options{Bare: true}); err == nil {
		admin, err = client.New(cp.Config(), client.Options{})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "start the control plane:", err)
		code = 1
	} else {
		code = m.Run()
	}
	if cp != nil {
		if err := cp.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop the control plane:", err)
			return 1
		}
	}
	return code
}

// env is one test's view of the cluster.
type env struct {
	*gomega.WithT
	t *testing.T
}

func newEnv(t *testing.T) *env {
	t.Helper()
	g := gomega.NewWithT(t)
	g.SetDefaultEventuallyTimeout(time.Minute)
	g.SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	return &env{g, t}
}

// source runs a source with these rights until the test ends. Only its intervals are
// shorter than usual.
func (e *env) source(config *rest.Config, o watch.Options) *watch.Source {
	e.t.Helper()
	o.Interval, o.Debounce, o.Grace = 200*time.Millisecond, 20*time.Millisecond, 200*time.Millisecond
	mgr, err := manager.New(config, manager.Options{
		Cache:                  cache.Options(nil),
		Logger:                 logr.Discard(),
		Metrics:                metricsserver.Options{BindAddress: "0"},
		HealthProbeBindAddress: "0",
	})
	e.Expect(err).NotTo(gomega.HaveOccurred())
	e.Expect(cache.AddIndexes(e.t.Context(), mgr.GetFieldIndexer())).To(gomega.Succeed())
	source, err := watch.Setup(mgr, o)
	e.Expect(err).NotTo(gomega.HaveOccurred())
	ctx, cancel := context.WithCancel(e.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	e.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			e.t.Errorf("the manager ended with: %v", err)
		}
	})
	e.Eventually(source.Synced).Should(gomega.BeTrue(), "it waits for something")
	return source
}

// apply applies objects, as kubectl would, with their status if they have one.
// Applied objects are deleted when the test ends, except namespaces, which no
// controller finalizes here.
func (e *env) apply(documents ...string) {
	e.t.Helper()
	for _, text := range documents {
		o := e.decode(text)
		status, hasStatus := o.Object["status"]
		delete(o.Object, "status")
		e.Expect(admin.Apply(e.t.Context(), client.ApplyConfigurationFromUnstructured(o.DeepCopy()), client.FieldOwner("kubectl"), client.ForceOwnership)).
			To(gomega.Succeed(), text)
		if o.GetKind() != "Namespace" {
			e.t.Cleanup(func() { e.remove(o) })
		}
		if hasStatus {
			patched := o.DeepCopy()
			patched.Object["status"] = status
			e.Expect(admin.Status().Patch(e.t.Context(), patched, client.Merge)).To(gomega.Succeed(), text)
		}
	}
}

func (e *env) remove(o *unstructured.Unstructured) {
	err := admin.Delete(context.WithoutCancel(e.t.Context()), o.DeepCopy(), client.GracePeriodSeconds(0))
	if client.IgnoreNotFound(err) != nil && !meta.IsNoMatchError(err) {
		e.t.Errorf("delete %s: %v", o.GetName(), err)
	}
}

func (e *env) decode(text string) *unstructured.Unstructured {
	e.t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(text))
	e.Expect(err).NotTo(gomega.HaveOccurred())
	o := &unstructured.Unstructured{}
	e.Expect(o.UnmarshalJSON(raw)).To(gomega.Succeed(), text)
	return o
}
