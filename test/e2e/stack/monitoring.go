package stack

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"

	yaml "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/e2e/operator"
	"github.com/kong-latency/kong-latency/test/guide"
	"github.com/kong-latency/kong-latency/test/product"
)

// stateMetrics is the name of the program and of its log.
const stateMetrics = "kube-state-metrics"

// How often what the dashboard queries is scraped: the many metrics of the API server less
// often. kube-state-metrics' labels are honored, as in its chart.
const (
	monitorScrape = "5s"
	slowScrape    = "10s"
)

// controllerFlags are the additional flags of the controller.
func (o Options) controllerFlags() []string {
	if o.Monitored {
		return []string{"--workload-findings-limit=1000"}
	}
	return nil
}

// monitorCluster starts kube-state-metrics and returns the name of a file with the scrape
// configurations of it and of the API server; empty if nothing is monitored.
func (s *Stack) monitorCluster() (string, error) {
	if !s.options.Monitored {
		return "", nil
	}
	port, err := controlplane.FreePort()
	if err != nil {
		return "", err
	}
	telemetry, err := controlplane.FreePort()
	if err != nil {
		return "", err
	}
	process, err := s.cp.Run(stateMetrics, exec.Command(s.cp.Binary(stateMetrics),
		"--kubeconfig="+s.cp.Kubeconfig(),
		"--resources=horizontalpodautoscalers",
		"--host=127.0.0.1", fmt.Sprintf("--port=%d", port),
		"--telemetry-host=127.0.0.1", fmt.Sprintf("--telemetry-port=%d", telemetry)))
	if err != nil {
		return "", err
	}
	s.watched = append(s.watched, watched{Monitoring, process})
	api, err := url.Parse(s.cp.Config().Host)
	if err != nil {
		return "", fmt.Errorf("read address of the API server: %w", err)
	}
	tls := s.cp.Config().TLSClientConfig
	text, err := yaml.Marshal(map[string]any{"scrape_configs": []any{
		map[string]any{
			"job_name": stateMetrics, "honor_labels": true, "scrape_interval": monitorScrape,
			"static_configs": []any{map[string]any{"targets": []string{fmt.Sprintf("127.0.0.1:%d", port)}}},
		},
		map[string]any{
			"job_name": "apiserver", "scheme": "https", "scrape_interval": slowScrape,
			"tls_config":     map[string]string{"ca": string(tls.CAData), "cert": string(tls.CertData), "key": string(tls.KeyData)},
			"static_configs": []any{map[string]any{"targets": []string{api.Host}}},
		},
	}})
	if err != nil {
		return "", fmt.Errorf("encode scrape configurations: %w", err)
	}
	file := filepath.Join(s.cp.Dir(), "prometheus-cluster.yaml")
	return file, os.WriteFile(file, text, 0o600)
}

// monitorProduct applies the shipped ServiceMonitor, as the documentation says with the
// label by which the Prometheus selects, and with a shorter interval.
func (s *Stack) monitorProduct(ctx context.Context, webhook, controller *product.Process) error {
	objects, err := controlplane.Render("config/prometheus")
	if err != nil {
		return err
	}
	var service types.NamespacedName
	for _, o := range objects {
		switch o.GetKind() {
		case "Service":
			service = client.ObjectKeyFromObject(o)
		case "ServiceMonitor":
			if err := monitored(o); err != nil {
				return fmt.Errorf("change ServiceMonitor %s: %w", o.GetName(), err)
			}
		}
		err := s.admin.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("kubectl"), client.ForceOwnership)
		if err != nil {
			return fmt.Errorf("apply %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	var targets []operator.Target
	for _, p := range []struct {
		pod     string
		process *product.Process
	}{{"kong-latency-webhook-0", webhook}, {"kong-latency-controller-0", controller}} {
		at, err := url.Parse(p.process.Metrics)
		if err != nil {
			return fmt.Errorf("read address of the metrics: %w", err)
		}
		targets = append(targets, operator.Target{Address: at.Host, Pod: p.pod})
	}
	return s.operator.Serve(ctx, service, targets...)
}

func monitored(monitor *unstructured.Unstructured) error {
	labels := monitor.GetLabels()
	labels["release"] = "prometheus"
	monitor.SetLabels(labels)
	endpoints, _, err := unstructured.NestedSlice(monitor.Object, "spec", "endpoints")
	if err != nil {
		return err
	}
	for _, e := range endpoints {
		if endpoint, ok := e.(map[string]any); ok {
			endpoint["interval"] = monitorScrape
		}
	}
	return unstructured.SetNestedSlice(monitor.Object, endpoints, "spec", "endpoints")
}

// Measured has Prometheus also scrape the latency that another gateway measures, at the
// host:port of its metrics: that of one more pod of Kong Operator.
func (s *Stack) Measured(ctx context.Context, address string) error {
	return s.operator.Serve(ctx, guide.MetricsService, operator.Target{Address: address, Pod: "kong-operator-controller-manager-1"})
}
