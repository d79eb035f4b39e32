// Package live is what the commands that work in a cluster share: the way to it,
// the names of objects in arguments, and what is read of workloads and decided
// about them.
package live

import (
	"fmt"
	"io"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/cli/plugin"
)

// Bounds on requests per second, as kubectl has them.
const (
	requestsPerSecond = 50
	requestsAtOnce    = 300
)

// Cluster is the cluster that kubectl's flags lead to.
type Cluster struct {
	client.Client
	// Config is for further clients.
	Config *rest.Config
	// Namespace is that of -n, of the kubeconfig's context, or default.
	Namespace string
}

// Connect makes a client, and asks nothing yet. What the API server warns of is
// written to the plugin's stderr.
func Connect(p *plugin.Plugin) (*Cluster, error) {
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
	return &Cluster{Client: c, Config: config, Namespace: namespace}, nil
}

// warnings says each warning once.
func warnings(to io.Writer) rest.WarningHandler {
	return rest.NewWarningWriter(to, rest.WarningWriterOptions{Deduplicate: true})
}

// completionTimeout bounds what a press of the tab key waits for.
const completionTimeout = 3 * time.Second
