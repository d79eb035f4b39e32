// Package live is shared by the commands that work in a cluster: the connection, the
// references to objects in arguments, and the state of workloads.
package live

import (
	"fmt"
	"io"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/cli/plugin"
)

// Limits on requests per second, as in kubectl.
const (
	requestsPerSecond = 50
	requestsAtOnce    = 300
)

// Connection is to the cluster that kubectl's flags select.
type Connection struct {
	client.Client
	// Config is for additional clients.
	Config *rest.Config
	// Namespace is from -n, else from the kubeconfig's context, else default.
	Namespace string
}

// Connect makes a client and sends no request yet. Warnings of the API server are
// written to the plugin's stderr.
func Connect(p *plugin.Plugin) (*Connection, error) {
	config, err := p.Kube.ToRESTConfig()
	if err != nil {
		return nil, fmt.Errorf("find the cluster: %w", err)
	}
	namespace, _, err := p.Kube.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return nil, fmt.Errorf("find the namespace: %w", err)
	}
	config = rest.CopyConfig(config)
	config.QPS, config.Burst = requestsPerSecond, requestsAtOnce
	config.WarningHandler = warnings(p.ErrOut)
	c, err := client.New(config, client.Options{})
	if err != nil {
		return nil, fmt.Errorf("reach the cluster: %w", err)
	}
	return &Connection{Client: c, Config: config, Namespace: namespace}, nil
}

// warnings prints each warning once.
func warnings(to io.Writer) rest.WarningHandler {
	return rest.NewWarningWriter(to, rest.WarningWriterOptions{Deduplicate: true})
}

// completionTimeout limits how long completion may wait.
const completionTimeout = 3 * time.Second
