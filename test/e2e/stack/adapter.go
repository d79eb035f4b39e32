package stack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/e2e/adapter"
	"github.com/kong-latency/kong-latency/test/guide"
)

// startAdapter serves with the configuration in the cluster.
func (s *Stack) startAdapter(ctx context.Context) (string, error) {
	if err := s.serveMetrics(ctx, 0); err != nil {
		return "", err
	}
	if err := adapter.Register(ctx, s.cp.Config(), guide.AdapterConfigMap.Namespace, s.runningAdapter().Port()); err != nil {
		return "", At(API, err)
	}
	return metricsGroup, s.answering(ctx)
}

// RestartAdapter restarts the adapter with the current configuration in the cluster, and
// replaces its pods, whose age shows which configuration it has read. If the real
// adapter would not start with that configuration, it returns why, and nothing serves
// the metrics API until the next call.
func (s *Stack) RestartAdapter(ctx context.Context) error {
	a := s.runningAdapter()
	s.stopAdapter()
	<-a.Done()
	err := s.admin.DeleteAllOf(ctx, &corev1.Pod{}, client.InNamespace(guide.AdapterConfigMap.Namespace),
		client.MatchingLabels{"app.kubernetes.io/name": "prometheus-adapter"})
	if err != nil {
		return At(Rule, fmt.Errorf("replace the adapter's pods: %w", err))
	}
	if err := s.serveMetrics(ctx, a.Port()); err != nil {
		return err
	}
	return s.answering(ctx)
}

// answering waits until the API server gets an answer from the adapter.
func (s *Stack) answering(ctx context.Context) error {
	return s.Await(ctx, API, time.Minute, func(ctx context.Context) error {
		_, err := s.metrics(ctx)
		return err
	})
}

// serveMetrics starts an adapter on the port, or on a free one for 0.
func (s *Stack) serveMetrics(ctx context.Context, port int) error {
	text, err := s.adapterConfig(ctx)
	if err != nil {
		return At(Rule, err)
	}
	file := filepath.Join(s.cp.Dir(), guide.AdapterConfigKey)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return At(Rule, fmt.Errorf("write the adapter's configuration: %w", err))
	}
	run, stop := context.WithCancel(s.run)
	a, err := adapter.Start(run, adapter.Options{
		Port:           port,
		ConfigFile:     file,
		Prometheus:     s.prometheus.url,
		Kubeconfig:     s.cp.Kubeconfig(),
		RelistInterval: 2 * time.Second,
		MaxAge:         time.Minute,
	})
	if err != nil {
		stop()
		return At(Rule, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.adapter, s.stopAdapter = a, stop
	return nil
}

func (s *Stack) runningAdapter() *adapter.Adapter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.adapter
}

// adapterConfig returns the adapter's configuration in the cluster.
func (s *Stack) adapterConfig(ctx context.Context) ([]byte, error) {
	var m corev1.ConfigMap
	if err := s.admin.Get(ctx, guide.AdapterConfigMap, &m); err != nil {
		return nil, fmt.Errorf("read the adapter's ConfigMap: %w", err)
	}
	text, ok := m.Data[guide.AdapterConfigKey]
	if !ok {
		return nil, fmt.Errorf("read the adapter's ConfigMap: it has no key %s", guide.AdapterConfigKey)
	}
	return []byte(text), nil
}
