package convert

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

func decode(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(raw); err != nil {
		t.Fatal(err)
	}
	return u
}

func TestExtension(t *testing.T) {
	got, err := Extension(decode(t, `
apiVersion: gateway-operator.konghq.com/v1alpha1
kind: DataPlaneMetricsExtension
metadata:
  namespace: default
  name: kong
  uid: u
  resourceVersion: "7"
  labels: {team: a}
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: "{}"
    note: mine
spec:
  serviceSelector: {matchNames: [{name: echo}, {name: shop}]}
  config: {latency: true, bandwidth: true}
status: {x: y}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := pipeline.Extension{
		Namespace: "default", Name: "kong", Services: []string{"echo", "shop"}, Latency: true,
		Manifest: decode(t, `
apiVersion: gateway-operator.konghq.com/v1alpha1
kind: DataPlaneMetricsExtension
metadata: {namespace: default, name: kong, labels: {team: a}, annotations: {note: mine}}
spec:
  serviceSelector: {matchNames: [{name: echo}, {name: shop}]}
  config: {latency: true, bandwidth: true}
`),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestExtensionOfUnexpectedTypes(t *testing.T) {
	for name, text := range map[string]string{
		"list":  `spec: {serviceSelector: {matchNames: echo}}`,
		"entry": `spec: {serviceSelector: {matchNames: [echo]}}`,
		"name":  `spec: {serviceSelector: {matchNames: [{name: 1}]}}`,
		"flag":  `spec: {config: {latency: "true"}}`,
		"spec":  `spec: none`,
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := Extension(decode(t, "{apiVersion: v1, kind: X, "+text+"}")); err == nil {
				t.Errorf("got %+v without an error", got)
			}
		})
	}
}

func TestControlPlane(t *testing.T) {
	got, err := ControlPlane(decode(t, `
apiVersion: gateway-operator.konghq.com/v2beta1
kind: ControlPlane
metadata:
  namespace: default
  name: kong-x
  ownerReferences:
  - {apiVersion: example.com/v1, kind: Gateway, name: other, uid: a}
  - {apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, name: kong, uid: b, controller: true}
spec:
  extensions:
  - {kind: DataPlaneMetricsExtension, group: gateway-operator.konghq.com, name: kong}
  - {kind: KonnectExtension, group: konnect.konghq.com, name: k, namespace: infra}
status:
  conditions:
  - {type: Ready, status: "True"}
  - {type: AcceptedExtensions, status: "False", message: too many}
`))
	want := pipeline.ControlPlane{
		Namespace: "default", Name: "kong-x", Gateway: "kong",
		Extensions: []pipeline.ExtensionRef{
			{Group: "gateway-operator.konghq.com", Kind: "DataPlaneMetricsExtension", Name: "kong"},
			{Group: "konnect.konghq.com", Kind: "KonnectExtension", Name: "k", Namespace: "infra"},
		},
		AcceptedExtensions: "False", AcceptedMessage: "too many",
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestGatewayConfiguration(t *testing.T) {
	for name, tc := range map[string]struct {
		spec string
		want pipeline.GatewayConfiguration
	}{
		"empty":                       {`{}`, pipeline.GatewayConfiguration{}},
		"konnect":                     {`{konnect: {authRef: {name: a}}}`, pipeline.GatewayConfiguration{Konnect: true}},
		"konnect without credentials": {`{konnect: {source: Origin}}`, pipeline.GatewayConfiguration{}},
		"extension": {`{extensions: [{kind: DataPlaneMetricsExtension, name: kong}]}`, pipeline.GatewayConfiguration{
			Extensions: []pipeline.ExtensionRef{{Kind: "DataPlaneMetricsExtension", Name: "kong"}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := GatewayConfiguration(decode(t, `{apiVersion: v1, kind: X, spec: `+tc.spec+`}`))
			if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}
