package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/guide"
)

// rules are what scenarios add to the adapter's configuration.
//
//go:embed rules/*.yaml
var rules embed.FS

// createPipeline creates what Kong's guide has people create, but for the
// ServiceMonitor: that one is forgotten.
func (s *stack) createPipeline(ctx context.Context) (string, error) {
	if err := controlplane.InstallCRDs(ctx, s.admin); err != nil {
		return "", at(hopControlPlane, err)
	}
	parts := slices.DeleteFunc(guide.Parts(), func(part string) bool { return part == guide.Monitor })
	if err := guide.ApplyChanged(ctx, s.admin, s.scenario.change, parts...); err != nil {
		return "", at(hopManifests, err)
	}
	return "Gateway, Prometheus, adapter rule; no ServiceMonitor", nil
}

// change makes the guide's objects those of the scenario: Prometheus scrapes more
// often than in the guide, and the adapter may have one rule more.
func (s scenario) change(o *unstructured.Unstructured) error {
	switch {
	case o.GetKind() == "Prometheus":
		return unstructured.SetNestedField(o.Object, s.scrape.String(), "spec", "scrapeInterval")
	case s.rule != "" && o.GetKind() == "ConfigMap" && o.GetName() == guide.AdapterConfigMap.Name:
		text, _, err := unstructured.NestedString(o.Object, "data", guide.AdapterConfigKey)
		if err != nil {
			return err
		}
		more, err := rules.ReadFile(s.rule)
		if err != nil {
			return err
		}
		return unstructured.SetNestedField(o.Object, text+string(more), "data", guide.AdapterConfigKey)
	}
	return nil
}

// adapterConfig is the adapter's configuration as the cluster has it.
func (s *stack) adapterConfig(ctx context.Context) ([]byte, error) {
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

// targeted is whether Prometheus was told to scrape the operator's metrics.
func (s *stack) targeted(ctx context.Context) error {
	if err := s.operator.Problem(); err != nil {
		return err
	}
	targets, err := s.prometheus.api.Targets(ctx)
	if err != nil {
		return fmt.Errorf("list targets of Prometheus: %w", err)
	}
	for _, t := range targets.Active {
		if string(t.Labels["namespace"]) == guide.MetricsService.Namespace && string(t.Labels["service"]) == guide.MetricsService.Name {
			return nil
		}
	}
	return errors.New("no ServiceMonitor has Prometheus scrape " + guide.MetricsService.String())
}
