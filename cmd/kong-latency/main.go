// Command kong-latency is the in-cluster program: the admission webhook, the
// controller, or both.
package main

import (
	"os"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/kong-latency/kong-latency/cmd/kong-latency/app"
)

func main() {
	if err := app.Command().ExecuteContext(ctrl.SetupSignalHandler()); err != nil {
		os.Exit(1)
	}
}
