// Package integration holds the product against a real API server and real
// controllers, installed by its shipped manifests. Every assertion is on what
// the API server says.
package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/product"
)

var (
	cp    *controlplane.ControlPlane
	admin client.Client
	// The running product. A test that restarts one puts the new one here.
	webhookProcess, controllerProcess *product.Process
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	if err := start(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "start the product:", err)
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

func start(ctx context.Context) (err error) {
	if cp, err = controlplane.Start(ctx, controlplane.Options{}); err != nil {
		return err
	}
	if admin, err = client.New(cp.Config(), client.Options{}); err != nil {
		return err
	}
	port, err := controlplane.FreePort()
	if err != nil {
		return err
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	if err := product.Install(ctx, admin, "https://"+address); err != nil {
		return err
	}
	var errs [2]error
	webhookProcess, errs[0] = product.Webhook(ctx, cp, address)
	controllerProcess, errs[1] = product.Controller(ctx, cp)
	return errors.Join(errs[:]...)
}
