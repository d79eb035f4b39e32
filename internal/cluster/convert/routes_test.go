package convert

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// Of the status only that is kept on which the attachment depends, so that nothing changes
// with the time of a condition.
func TestHTTPRouteStatus(t *testing.T) {
	got, err := HTTPRoute(decode(t, `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {namespace: default, name: echo, generation: 7}
spec: {parentRefs: [{name: kong}]}
status:
  parents:
  - parentRef: {name: kong, sectionName: http}
    controllerName: konghq.com/gateway-operator
    conditions:
    - {type: Accepted, status: "True", observedGeneration: 7, reason: Accepted, message: all is well, lastTransitionTime: "2026-01-01T00:00:00Z"}
    - {type: ResolvedRefs, status: "False", observedGeneration: 7, reason: BackendNotFound, message: no such Service, lastTransitionTime: "2026-01-01T00:00:00Z"}
    - {type: PartiallyInvalid, status: "True", observedGeneration: 7, reason: x, message: x, lastTransitionTime: "2026-01-01T00:00:00Z"}
  - parentRef: {name: other}
    controllerName: example.com/other
    conditions: []
`))
	if err != nil {
		t.Fatal(err)
	}
	http := gatewayv1.SectionName("http")
	want := []gatewayv1.RouteParentStatus{{
		ParentRef:      gatewayv1.ParentReference{Name: "kong", SectionName: &http},
		ControllerName: "konghq.com/gateway-operator",
		Conditions: []metav1.Condition{
			{Type: "Accepted", Status: "True", ObservedGeneration: 7},
			{Type: "ResolvedRefs", Status: "False", ObservedGeneration: 7, Reason: "BackendNotFound", Message: "no such Service"},
		},
	}}
	if diff := cmp.Diff(want, got.Status.Parents); diff != "" || got.Generation != 7 {
		t.Errorf("generation %d, %s", got.Generation, diff)
	}
}

func TestReferenceGrant(t *testing.T) {
	got, err := ReferenceGrant(decode(t, `
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {namespace: default, name: routes}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: team}]
  to: [{group: "", kind: Service, name: echo}, {group: "", kind: Secret}]
`))
	want := pipeline.ReferenceGrant{
		Namespace: "default", Name: "routes",
		From: []pipeline.ReferenceGrantFrom{{Group: "gateway.networking.k8s.io", Kind: "HTTPRoute", Namespace: "team"}},
		To:   []pipeline.ReferenceGrantTo{{Kind: "Service", Name: "echo"}, {Kind: "Secret"}},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestIngress(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want pipeline.Ingress
	}{
		"v1": {`
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {namespace: default, name: a}
spec:
  ingressClassName: kong
  defaultBackend: {service: {name: web, port: {number: 80}}}
  rules:
  - host: a.example.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: echo, port: {name: http}}}}, {path: /b, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
  - host: b.example.com
  - http: {paths: [{path: /c, pathType: Prefix, backend: {resource: {kind: Bucket, name: c}}}]}
`, pipeline.Ingress{Class: "kong", Services: []string{"web", "echo"}}},
		"the annotation has precedence": {`
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {namespace: default, name: a, annotations: {kubernetes.io/ingress.class: nginx}}
spec: {ingressClassName: kong}
`, pipeline.Ingress{Class: "nginx"}},
		"v1beta1": {`
apiVersion: networking.k8s.io/v1beta1
kind: Ingress
metadata: {namespace: default, name: a}
spec:
  backend: {serviceName: web, servicePort: 80}
  rules: [{http: {paths: [{path: /, backend: {serviceName: echo, servicePort: http}}]}}]
`, pipeline.Ingress{Services: []string{"web", "echo"}}},
	} {
		c.want.Namespace, c.want.Name = "default", "a"
		got, err := Ingress(decode(t, c.text))
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	got, err := IngressClass(decode(t, `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: kong, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}
spec: {controller: ingress-controllers.konghq.com/kong}
`))
	if diff := cmp.Diff(pipeline.IngressClass{Name: "kong", Controller: "ingress-controllers.konghq.com/kong", Default: true}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestOtherRoute(t *testing.T) {
	for kind, text := range map[string]string{
		"TLSRoute": `
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: {namespace: team, name: a}
spec: {rules: [{backendRefs: [{name: echo, port: 443}, {name: echo, port: 80}, {kind: ServiceImport, group: multicluster.x-k8s.io, name: x}, {name: far, namespace: default, port: 1}]}]}
`,
		"TCPIngress": `
apiVersion: configuration.konghq.com/v1beta1
kind: TCPIngress
metadata: {namespace: team, name: a}
spec: {rules: [{port: 9000, backend: {serviceName: echo, servicePort: 80}}]}
`,
	} {
		want := pipeline.OtherRoute{Kind: kind, Namespace: "team", Name: "a", Services: []types.NamespacedName{{Namespace: "team", Name: "echo"}}}
		if kind == "TLSRoute" {
			want.Services = append(want.Services, types.NamespacedName{Namespace: "default", Name: "far"})
		}
		got, err := OtherRoute(decode(t, text))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
	}
}

func TestControllers(t *testing.T) {
	got, err := ControlPlane(decode(t, `
apiVersion: gateway-operator.konghq.com/v2beta1
kind: ControlPlane
metadata: {namespace: default, name: a}
spec:
  ingressClass: kong
  controllers: [{name: GWAPI_HTTPROUTE, state: disabled}, {name: SERVICE, state: enabled}]
`))
	want := pipeline.ControlPlane{Namespace: "default", Name: "a", IngressClass: "kong", Controllers: []pipeline.Controller{
		{Name: "GWAPI_HTTPROUTE", Field: []any{"spec", "controllers", 0}},
		{Name: "SERVICE", Enabled: true, Field: []any{"spec", "controllers", 1}},
	}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	got, err = ControlPlane(decode(t, `
apiVersion: gateway-operator.konghq.com/v1beta1
kind: ControlPlane
metadata: {namespace: default, name: a}
spec:
  deployment:
    podTemplateSpec:
      spec:
        containers:
        - name: controller
          env: [{name: CONTROLLER_ENABLE_CONTROLLER_GWAPI_HTTPROUTE, value: "false"}, {name: CONTROLLER_LOG_LEVEL, value: debug}]
`))
	want = pipeline.ControlPlane{Namespace: "default", Name: "a", Controllers: []pipeline.Controller{{Name: "GWAPI_HTTPROUTE"}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	config, err := GatewayConfiguration(decode(t, `
apiVersion: gateway-operator.konghq.com/v2beta1
kind: GatewayConfiguration
metadata: {namespace: default, name: a}
spec: {controlPlaneOptions: {ingressClass: kong, controllers: [{name: INGRESS_NETWORKINGV1, state: disabled}]}}
`))
	wantConfig := pipeline.GatewayConfiguration{Namespace: "default", Name: "a", IngressClass: "kong", Controllers: []pipeline.Controller{
		{Name: "INGRESS_NETWORKINGV1", Field: []any{"spec", "controlPlaneOptions", "controllers", 0}},
	}}
	if diff := cmp.Diff(wantConfig, config); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
