// Package integration tests the product on a real API server with real controllers,
// installed by its shipped manifests. Every assertion is on the state of the API server.
package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/product"
)

// workloadFindings makes every controller expose the findings of each workload.
const workloadFindings = "--workload-findings-limit=1000"

// stack is a control plane with the product installed.
type stack struct {
	cp    *controlplane.ControlPlane
	admin client.Client
	// The running product. A test that restarts a process stores the new one here.
	webhook, controller *product.Process
	// latencies are what the test of the pipeline has Prometheus answer.
	latencies latencies
	// beforeStop stops what a test leaves running on purpose.
	beforeStop []func()
}

// plain is a cluster without a metric pipeline, in which nothing is denied because of
// it; in piped, the test of the pipeline builds one.
var plain, piped *stack

func TestMain(m *testing.M) {
	klog.SetLogger(logr.Discard()) // the test adapter's libraries log a lot
	ctrl.SetLogger(logr.Discard())
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	var err error
	if plain, err = startStack(ctx); err == nil {
		piped, err = startStack(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "start the product:", err)
		code = 1
	} else {
		code = m.Run()
	}
	for _, s := range []*stack{plain, piped} {
		if s == nil {
			continue
		}
		for _, stop := range s.beforeStop {
			stop()
		}
		if err := s.cp.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop the control plane:", err)
			code = 1
		}
	}
	return code
}

// startStack returns a stack that must be stopped even if it failed to start.
func startStack(ctx context.Context) (*stack, error) {
	cp, err := controlplane.Start(ctx, controlplane.Options{AuditPolicy: auditPolicy})
	if err != nil {
		return nil, err
	}
	s := &stack{cp: cp}
	if s.admin, err = client.New(cp.Config(), client.Options{}); err != nil {
		return s, err
	}
	port, err := controlplane.FreePort()
	if err != nil {
		return s, err
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	if err := product.Install(ctx, s.admin, "https://"+address); err != nil {
		return s, err
	}
	var errs [2]error
	s.webhook, errs[0] = product.Webhook(ctx, cp, address)
	s.controller, errs[1] = product.Controller(ctx, cp, workloadFindings)
	return s, errors.Join(errs[:]...)
}
