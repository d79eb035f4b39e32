package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/e2e/adapter"
	"github.com/kong-latency/kong-latency/test/e2e/gateway"
	"github.com/kong-latency/kong-latency/test/e2e/operator"
	"github.com/kong-latency/kong-latency/test/guide"
)

// echo is the name of the sample's Deployment and Service, and of the
// autoscaler that appears.
var echo = types.NamespacedName{Namespace: "default", Name: "echo"}

// stack is everything that runs during a demo. The gateway, the adapter and who
// plays prometheus-operator are part of this process; all else are child processes
// of the control plane.
type stack struct {
	scenario scenario
	out      *report

	cp         *controlplane.ControlPlane
	core       kubernetes.Interface
	admin      client.Client
	prometheus *prometheus
	operator   *operator.Operator
	gateway    *gateway.Gateway
	adapter    *adapter.Adapter
	watched    []watched
}

// watched is a child process, and the hop that fails with it.
type watched struct {
	hop     hop
	process *controlplane.Process
}

func newStack(s scenario, out *report) *stack { return &stack{scenario: s, out: out} }

func (s *stack) startControlPlane(ctx context.Context) (string, error) {
	var err error
	s.cp, err = controlplane.Start(ctx, controlplane.Options{Logf: func(format string, args ...any) {
		s.out.status(fmt.Sprintf(format, args...))
	}})
	if err != nil {
		return "", at(hopControlPlane, err)
	}
	if err := s.redirectLogs(); err != nil {
		return "", at(hopControlPlane, err)
	}
	config := s.cp.Config()
	config.WarningHandler = rest.NoWarnings{} // kubectl shows them
	if s.core, err = kubernetes.NewForConfig(config); err != nil {
		return "", at(hopControlPlane, err)
	}
	if s.admin, err = client.New(config, client.Options{}); err != nil {
		return "", at(hopControlPlane, err)
	}
	return "etcd, Kubernetes and a node of kwok", nil
}

// redirectLogs sends what the libraries in this process log, which is the
// adapter above all, to a file beside the logs of the processes.
func (s *stack) redirectLogs() error {
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

func (s *stack) startPrometheus(ctx context.Context) (string, error) {
	o := gateway.Options{Service: echo, Capacity: s.scenario.capacity}
	if s.scenario.perPod {
		o.Pods = s.core
	}
	var err error
	if s.gateway, err = gateway.Start(ctx, o); err != nil {
		return "", at(hopGateway, err)
	}
	port, err := controlplane.FreePort()
	if err != nil {
		return "", at(hopPrometheus, err)
	}
	config := filepath.Join(s.cp.Dir(), "prometheus.yaml")
	address := fmt.Sprintf("127.0.0.1:%d", port)
	url := "http://" + address
	if s.prometheus, err = newPrometheus(url); err != nil {
		return "", at(hopPrometheus, err)
	}
	s.operator, err = operator.Start(ctx, operator.Options{
		Config:     s.cp.Config(),
		Prometheus: guide.PrometheusServer,
		Service:    guide.MetricsService,
		Target:     s.gateway.MetricsAddress(), // the gateway measures, instead of the operator
		File:       config,
		Reload:     s.prometheus.reload,
	})
	if err != nil {
		return "", at(hopPrometheus, err)
	}
	cmd := exec.Command(s.cp.Binary("prometheus"),
		"--config.file="+config,
		"--storage.tsdb.path="+filepath.Join(s.cp.Dir(), "prometheus"),
		"--web.enable-lifecycle", // to be told to read its configuration again
		"--web.listen-address="+address)
	if err := s.run(hopPrometheus, "prometheus", cmd); err != nil {
		return "", err
	}
	return url, s.await(ctx, hopPrometheus, 30*time.Second, func(ctx context.Context) error {
		return get(ctx, url+"/-/ready")
	})
}

// startAdapter serves by the configuration that the cluster has.
func (s *stack) startAdapter(ctx context.Context) (string, error) {
	text, err := s.adapterConfig(ctx)
	if err != nil {
		return "", at(hopRule, err)
	}
	file := filepath.Join(s.cp.Dir(), guide.AdapterConfigKey)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return "", at(hopRule, fmt.Errorf("write the adapter's configuration: %w", err))
	}
	s.adapter, err = adapter.Start(ctx, adapter.Options{
		ConfigFile:     file,
		Prometheus:     s.prometheus.url,
		Kubeconfig:     s.cp.Kubeconfig(),
		RelistInterval: 2 * time.Second,
		MaxAge:         time.Minute,
	})
	if err != nil {
		return "", at(hopRule, err)
	}
	if err := adapter.Register(ctx, s.cp.Config(), guide.AdapterConfigMap.Namespace, s.adapter.Port()); err != nil {
		return "", at(hopAPI, err)
	}
	return "custom.metrics.k8s.io", s.await(ctx, hopAPI, 30*time.Second, func(ctx context.Context) error {
		_, err := s.metrics(ctx)
		return err
	})
}

// run starts a child process and has an eye on it from then on.
func (s *stack) run(h hop, name string, cmd *exec.Cmd) error {
	process, err := s.cp.Run(name, cmd)
	if err != nil {
		return at(h, err)
	}
	s.watched = append(s.watched, watched{h, process})
	return nil
}

// alive reports what has ended although nobody asked for it.
func (s *stack) alive() error {
	for _, w := range s.watched {
		select {
		case <-w.process.Done():
			if err := w.process.Err(); err != nil {
				return at(w.hop, err)
			}
			return at(w.hop, fmt.Errorf("its process ended"))
		default:
		}
	}
	if s.adapter != nil {
		return at(hopAPI, s.adapter.Err())
	}
	return nil
}

// await is [await] that does not wait for what has died.
func (s *stack) await(ctx context.Context, h hop, bound time.Duration, check func(context.Context) error) error {
	return await(ctx, h, bound, func(ctx context.Context) error {
		if err := s.alive(); err != nil {
			return err
		}
		return check(ctx)
	})
}

// get succeeds when the URL answers 200.
func get(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("get %s: %s: %s", url, response.Status, body)
	}
	return nil
}
