// Package install installs the product as its users do, with kubectl, kustomize and
// helm, on a real API server, and uninstalls it. Pods do not run: kwok simulates
// them.
package install

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/discovery"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/controlplane"
)

// namespace is where config puts everything.
const namespace = "kong-latency-system"

var (
	cp     *controlplane.ControlPlane
	admin  client.Client
	served *discovery.DiscoveryClient
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	ctrl.SetLogger(logr.Discard()) // listing everything causes deprecation warnings
	if err := start(ctx); err != nil {
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

// start starts a control plane with the definitions that some variants need:
// cert-manager's and Prometheus Operator's.
func start(ctx context.Context) (err error) {
	if cp, err = controlplane.Start(ctx, controlplane.Options{}); err != nil {
		return err
	}
	if admin, err = client.New(cp.Config(), client.Options{}); err != nil {
		return err
	}
	if served, err = discovery.NewDiscoveryClientForConfig(cp.Config()); err != nil {
		return err
	}
	return controlplane.InstallCRDs(ctx, admin)
}
