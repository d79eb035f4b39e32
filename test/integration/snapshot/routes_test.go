package snapshot

import (
	"testing"

	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/cluster/watch"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/route"
)

// routeOf is an HTTPRoute of a sectionName with what Kong's controller says about it.
func routeOf(section, status string) string {
	return `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {namespace: default, name: echo}
spec:
  parentRefs: [{name: kong, sectionName: ` + section + `}]
  rules: [{backendRefs: [{name: echo, port: 80}]}]
` + status
}

func accepted(status, generation string) string {
	return `
status:
  parents:
  - parentRef: {name: kong}
    controllerName: konghq.com/gateway-operator
    conditions:
    - {type: Accepted, status: "` + status + `", observedGeneration: ` + generation + `, reason: Because, message: the controller says so, lastTransitionTime: "2026-01-01T00:00:00Z"}
`
}

// TestStatusOfRoutes follows the attachment of a route as a controller reports it.
func TestStatusOfRoutes(t *testing.T) {
	e := newEnv(t)
	e.installAll()
	e.apply(`
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: kong}
spec: {controllerName: konghq.com/gateway-operator}
`, `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {namespace: default, name: kong}
spec: {gatewayClassName: kong, listeners: [{name: http, port: 80, protocol: HTTP}]}
`, routeOf("http", ""))
	source := e.source(cp.Config(), watch.Options{})
	subject := pipeline.Subject{Namespace: "default", Service: "echo", Metric: "m"}
	found := func() []string {
		out := []string{}
		for _, f := range route.New().Judge(pipeline.NewCase(nil, source.Snapshot(), subject)).Findings {
			out = append(out, f.Reason.Name)
		}
		return out
	}
	e.Eventually(found).Should(gomega.BeEmpty(), "no status yet, and it is attached by what it says")
	e.apply(routeOf("http", accepted("False", "1")))
	e.Eventually(found).Should(gomega.Equal([]string{"RouteNotAttached"}))
	e.apply(routeOf("internal", ""))
	e.Eventually(found).Should(gomega.Equal([]string{"RouteUnknown"}), "the condition is about an earlier generation")
	e.apply(routeOf("internal", accepted("True", "2")))
	e.Eventually(found).Should(gomega.BeEmpty(), "what the controller says outweighs what is inferred")
}

// TestRoutesBesideHTTPRoutes reads what else leads to Services.
func TestRoutesBesideHTTPRoutes(t *testing.T) {
	e := newEnv(t)
	e.installAll()
	e.apply(`
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: kong}
spec: {controller: ingress-controllers.konghq.com/kong}
`, `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {namespace: default, name: echo}
spec:
  ingressClassName: kong
  rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: echo, port: {number: 80}}}}]}}]
`, `
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {namespace: default, name: echo}
spec:
  parentRefs: [{name: kong}]
  rules: [{backendRefs: [{name: echo, port: 80}]}]
`, `
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {namespace: default, name: routes}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: routes}]
  to: [{group: "", kind: Service}]
`)
	source := e.source(cp.Config(), watch.Options{})
	e.Eventually(func(g gomega.Gomega) {
		s := source.Snapshot()
		g.Expect(s.Ingresses).To(gomega.Equal(pipeline.KnownSet(pipeline.Ingress{
			Namespace: "default", Name: "echo", Class: "kong", Services: []string{"echo"},
		})))
		g.Expect(s.IngressClasses).To(gomega.Equal(pipeline.KnownSet(pipeline.IngressClass{
			Name: "kong", Controller: "ingress-controllers.konghq.com/kong",
		})))
		g.Expect(s.OtherRoutes).To(gomega.Equal(pipeline.KnownSet(pipeline.OtherRoute{
			Kind: "GRPCRoute", Namespace: "default", Name: "echo",
			Services: []types.NamespacedName{{Namespace: "default", Name: "echo"}},
		})), "kinds that are not installed have no routes")
		g.Expect(s.ReferenceGrants.Items).To(gomega.HaveLen(1))
	}).Should(gomega.Succeed())
}
