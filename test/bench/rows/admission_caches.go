package rows

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/bench/plane"
	"github.com/kong-latency/kong-latency/test/bench/report"
)

// admissionCachesRow checks that the cost of an admission does not depend on the
// other objects in the cluster.
func admissionCachesRow(ctx context.Context, s *Session) (out report.Row, err error) {
	out = report.Row{
		Title: fmt.Sprintf("One admission with %d Services and %d policies and objects of the pipeline in the caches",
			s.CachedServices, s.CachedObjects),
		Against: "the same webhook with none",
		Why:     "More live memory makes each garbage collection longer; nothing else differs.",
	}
	none, err := s.start(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, none.Stop()) }()
	baseline, err := serveWebhook(ctx, none)
	if err != nil {
		return out, err
	}
	much, err := s.start(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, much.Stop()) }()
	if err := fillCaches(ctx, much, s.CachedServices, s.CachedObjects); err != nil {
		return out, err
	}
	measured, err := serveWebhook(ctx, much)
	if err != nil {
		return out, err
	}
	for _, c := range admissionCases(many) {
		s.Logf("admission-caches: %s", c)
		got, err := s.callBoth(ctx, c, moreRounds*s.Rounds, measured, baseline)
		if err != nil {
			return out, fmt.Errorf("%s: %w", c, err)
		}
		out.Lines = append(out.Lines,
			line(got, "cpu", c.String()+": CPU a request", "µs", report.AtMost(1.1, 1)),
			line(got, "p50", c.String()+": p50", "µs", report.AtMost(1.1, 1)))
	}
	return out, nil
}

// moreRounds multiplies the rounds where the budget is tighter than the noise of one.
const moreRounds = 3

// fillCaches creates unrelated Services, policies, monitors and routes.
func fillCaches(ctx context.Context, p *plane.Plane, services, objects int) error {
	if err := p.Install(ctx); err != nil { // with the policies' CustomResourceDefinition
		return err
	}
	if err := p.Fill(ctx, 1, 1+services, plane.Services); err != nil {
		return err
	}
	return p.Fill(ctx, 0, objects, func(i int) client.Object {
		switch i % 3 {
		case 0:
			return policyOfOthers(i)
		case 1:
			return monitorOfOthers(i)
		default:
			return routeOfOthers(i)
		}
	})
}

func policyOfOthers(i int) client.Object {
	return object("kong.latency/v1alpha1", "LatencyPolicy", "", i, map[string]any{
		"priority":          int64(i),
		"namespaceSelector": map[string]any{"matchLabels": map[string]any{"team": fmt.Sprintf("team-%d", i)}},
		"defaults":          map[string]any{"maxReplicas": int64(20)},
	})
}

func monitorOfOthers(i int) client.Object {
	return object("monitoring.coreos.com/v1", "ServiceMonitor", plane.Namespace(i), i, map[string]any{
		"selector":  map[string]any{"matchLabels": map[string]any{"app": plane.Name(i)}},
		"endpoints": []any{map[string]any{"port": "http"}},
	})
}

func routeOfOthers(i int) client.Object {
	return object("gateway.networking.k8s.io/v1", "HTTPRoute", plane.Namespace(i), i, map[string]any{
		"parentRefs": []any{map[string]any{"name": "kong", "namespace": "kong"}},
		"rules": []any{map[string]any{
			"backendRefs": []any{map[string]any{"name": plane.Name(i + 1), "port": int64(80)}},
		}},
	})
}

func object(apiVersion, kind, namespace string, i int, spec map[string]any) client.Object {
	u := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	u.SetAPIVersion(apiVersion)
	u.SetKind(kind)
	u.SetNamespace(namespace)
	u.SetName(fmt.Sprintf("other-%05d", i))
	return u
}
