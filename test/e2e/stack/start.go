package stack

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/e2e/gateway"
	"github.com/kong-latency/kong-latency/test/e2e/operator"
	"github.com/kong-latency/kong-latency/test/guide"
)

func (s *Stack) start(ctx context.Context) error {
	steps := []struct {
		what string
		do   func(context.Context) (string, error)
	}{
		{"start the control plane", s.startControlPlane},
		{"create what Kong's guide creates", s.createPipeline},
		{"start Prometheus and the gateway", s.startPrometheus},
		{"start the adapter", s.startAdapter},
		{"start kong-latency", s.startProduct},
	}
	for _, step := range steps {
		if err := s.options.step(step.what, func() (string, error) { return step.do(ctx) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stack) startControlPlane(ctx context.Context) (string, error) {
	var err error
	s.cp, err = controlplane.Start(ctx, controlplane.Options{
		Logf: s.options.Logf, ControllerManagerFlags: s.options.controllerManagerFlags(),
	})
	if err != nil {
		return "", At(ControlPlane, err)
	}
	if err := s.redirectLogs(); err != nil {
		return "", At(ControlPlane, err)
	}
	config := s.cp.Config()
	config.WarningHandler = rest.NoWarnings{}
	if s.core, err = kubernetes.NewForConfig(config); err != nil {
		return "", At(ControlPlane, err)
	}
	if s.admin, err = client.New(config, client.Options{}); err != nil {
		return "", At(ControlPlane, err)
	}
	return "etcd, Kubernetes and a node of kwok", nil
}

// redirectLogs redirects the logs of libraries in this process, mainly the adapter's, to
// a file beside the logs of the processes.
func (s *Stack) redirectLogs() error {
	file, err := os.OpenFile(filepath.Join(s.cp.Dir(), "adapter.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open log of the adapter: %w", err)
	}
	handler := slog.NewTextHandler(file, nil)
	klog.SetSlogLogger(slog.New(handler))
	ctrl.SetLogger(logr.FromSlogHandler(handler))
	log.SetOutput(file) // net/http's HTTP/2 server
	return nil
}

// createPipeline creates the objects of Kong's guide.
func (s *Stack) createPipeline(ctx context.Context) (string, error) {
	if err := controlplane.InstallCRDs(ctx, s.admin); err != nil {
		return "", At(ControlPlane, err)
	}
	if err := s.Restore(ctx, s.options.parts()...); err != nil {
		return "", At(Manifests, err)
	}
	if len(s.options.Without) > 0 {
		return "without " + strings.Join(s.options.Without, ", "), nil
	}
	return strings.Join(guide.Parts(), ", "), nil
}

func (s *Stack) startPrometheus(ctx context.Context) (string, error) {
	o := gateway.Options{Service: Echo, Capacity: s.options.Capacity}
	if s.options.PerPod {
		o.Pods = s.core
	}
	var err error
	if s.gateway, err = gateway.Start(s.run, o); err != nil {
		return "", At(Gateway, err)
	}
	port, err := controlplane.FreePort()
	if err != nil {
		return "", At(Prometheus, err)
	}
	config := filepath.Join(s.cp.Dir(), "prometheus.yaml")
	address := fmt.Sprintf("127.0.0.1:%d", port)
	url := "http://" + address
	if s.prometheus, err = newPrometheus(url); err != nil {
		return "", At(Prometheus, err)
	}
	more, err := s.monitorCluster()
	if err != nil {
		return "", At(Monitoring, err)
	}
	if err := s.configurePrometheus(config, more); err != nil {
		return "", At(PrometheusOperator, err)
	}
	process, err := s.cp.Run("prometheus", exec.Command(s.cp.Binary("prometheus"),
		"--config.file="+config,
		"--storage.tsdb.path="+filepath.Join(s.cp.Dir(), "prometheus"),
		"--web.enable-lifecycle", // for reload
		"--web.listen-address="+address))
	if err != nil {
		return "", At(Prometheus, err)
	}
	s.watched = append(s.watched, watched{Prometheus, process})
	return url, s.Await(ctx, Prometheus, 30*time.Second, s.prometheus.ready)
}

// configurePrometheus starts prometheus-operator, writes the configuration that it makes,
// and follows it. The gateway exposes the metrics in place of Kong Operator.
func (s *Stack) configurePrometheus(file, more string) error {
	process, err := operator.Run(s.cp)
	if err != nil {
		return err
	}
	s.watched = append(s.watched, watched{PrometheusOperator, process})
	s.operator, err = operator.Follow(s.run, operator.Options{
		ControlPlane: s.cp,
		Prometheus:   guide.PrometheusServer,
		File:         file,
		More:         more,
		Reload:       s.prometheus.reload,
	})
	if err != nil {
		return err
	}
	return s.operator.Serve(s.run, guide.MetricsService, operator.Target{Address: s.gateway.MetricsAddress(), Pod: "kong-operator-controller-manager-0"})
}
