package extension_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

func TestExtensionGateways(t *testing.T) {
	extensionRun(t, []extensionCase{
		{
			name: "the operator has not carried the reference over", broken: func(s *pipeline.Snapshot) { s.ControlPlanes.Items[0].Extensions = nil },
			want: []string{"ExtensionPending"}, object: "ControlPlane default/kong-x7", says: []string{"GatewayConfiguration kong/kong"},
		},
		{
			name: "the operator has not made the ControlPlane", broken: pipelinetest.BeforeControlPlane,
			want: []string{"ExtensionPending"}, object: "Gateway default/kong", says: []string{"no ControlPlane yet"},
		},
		{
			name: "by the Gateway's own configuration", broken: func(s *pipeline.Snapshot) {
				pipelinetest.BeforeControlPlane(s)
				s.GatewayClasses = pipeline.KnownSet(pipelinetest.NewGatewayClass("kong", "", ""))
				s.GatewayConfigurations.Items[0].Namespace = "default"
				pipelinetest.WithConfig(s.Gateways.Items[0], "kong")
			},
			want: []string{"ExtensionPending"}, object: "Gateway default/kong", says: []string{"GatewayConfiguration default/kong"},
		},
		{
			name: "the Gateway's own configuration comes before its class's", broken: func(s *pipeline.Snapshot) {
				pipelinetest.BeforeControlPlane(s)
				s.GatewayConfigurations.Items = append(s.GatewayConfigurations.Items,
					pipeline.GatewayConfiguration{Namespace: "default", Name: "own", Extensions: []pipeline.ExtensionRef{pipelinetest.NewRef("gone")}})
				pipelinetest.WithConfig(s.Gateways.Items[0], "own")
			},
			want: []string{"ExtensionMissing"}, object: "Gateway default/kong", after: []string{"ExtensionPending"},
		},
		{
			name: "hybrid", broken: func(s *pipeline.Snapshot) {
				pipelinetest.BeforeControlPlane(s)
				s.GatewayConfigurations.Items[0].Konnect = true
			},
			want: []string{"GatewayHybrid"}, object: "Gateway default/kong", says: []string{"GatewayConfiguration kong/kong"},
		},
		{
			name: "hybrid, with a ControlPlane left from before", broken: func(s *pipeline.Snapshot) { s.GatewayConfigurations.Items[0].Konnect = true },
			want: []string{"GatewayHybrid"}, object: "ControlPlane default/kong-x7", says: []string{"GatewayConfiguration kong/kong"},
		},
		{
			name: "the route's Gateway is in another namespace", broken: func(s *pipeline.Snapshot) {
				s.Gateways.Items[0].Namespace = "kong"
				s.ControlPlanes.Items[0].Namespace = "kong"
				s.HTTPRoutes.Items[0].Spec.ParentRefs[0].Namespace = ptr.To(gatewayv1.Namespace("kong"))
			},
			want: []string{"GatewayInOtherNamespace"}, object: "ControlPlane kong/kong-x7", says: []string{"namespace default"},
		},
		{
			name: "a Gateway in the namespace that no route uses does not help", broken: func(s *pipeline.Snapshot) {
				s.Gateways.Items = append(s.Gateways.Items, pipelinetest.NewGateway("kong", "edge", "kong"))
				s.HTTPRoutes.Items[0].Spec.ParentRefs = []gatewayv1.ParentReference{{
					Name: "edge", Namespace: ptr.To(gatewayv1.Namespace("kong")),
				}}
			},
			want: []string{"GatewayInOtherNamespace"}, object: "Gateway kong/edge",
		},
		{
			name: "one of two Gateways suffices", broken: func(s *pipeline.Snapshot) {
				s.Gateways.Items = append(s.Gateways.Items, pipelinetest.NewGateway("a", "edge", "kong"))
				s.HTTPRoutes.Items[0].Spec.ParentRefs = append(s.HTTPRoutes.Items[0].Spec.ParentRefs, gatewayv1.ParentReference{
					Name: "edge", Namespace: ptr.To(gatewayv1.Namespace("a")),
				})
			},
		},
		{
			name: "of two Gateways that do not suffice, the one in the Service's namespace is told", broken: func(s *pipeline.Snapshot) {
				s.Gateways.Items = append(s.Gateways.Items, pipelinetest.NewGateway("a", "edge", "kong"))
				s.HTTPRoutes.Items[0].Spec.ParentRefs = append(s.HTTPRoutes.Items[0].Spec.ParentRefs, gatewayv1.ParentReference{
					Name: "edge", Namespace: ptr.To(gatewayv1.Namespace("a")),
				})
				s.ControlPlanes.Items[0].Extensions = nil
				s.GatewayConfigurations.Items[0].Extensions = nil
			},
			want: []string{"ExtensionNotReferenced"}, object: "ControlPlane default/kong-x7",
		},
		{
			name: "without a route the Gateways of the namespace count", broken: func(s *pipeline.Snapshot) { s.HTTPRoutes = pipeline.KnownSet[*gatewayv1.HTTPRoute]() },
		},
		{
			name: "no route, and Gateways elsewhere only", broken: func(s *pipeline.Snapshot) {
				s.HTTPRoutes = pipeline.KnownSet[*gatewayv1.HTTPRoute]()
				s.Gateways.Items[0].Namespace = "kong"
				s.ControlPlanes.Items[0].Namespace = "kong"
			},
			want: []string{"GatewayInOtherNamespace"}, object: "ControlPlane kong/kong-x7",
		},
		{
			name: "no Gateway at all", broken: func(s *pipeline.Snapshot) {
				pipelinetest.BeforeControlPlane(s)
				s.Gateways = pipeline.KnownSet[*gatewayv1.Gateway]()
			},
			want: []string{"GatewayMissing"}, object: "Service default/echo",
		},
		{
			name: "another controller's Gateway", broken: func(s *pipeline.Snapshot) {
				pipelinetest.BeforeControlPlane(s)
				s.GatewayClasses = pipeline.KnownSet(pipelinetest.NewGatewayClass("kong", "", ""))
				s.GatewayClasses.Items[0].Spec.ControllerName = "istio.io/gateway-controller"
			},
			want: []string{"GatewayMissing"}, object: "Service default/echo",
		},
		{
			name: "ControlPlane made by hand", broken: func(s *pipeline.Snapshot) {
				s.ControlPlanes.Items[0].Gateway = ""
				s.Gateways = pipeline.Set[*gatewayv1.Gateway]{State: pipeline.NotInstalled}
			},
		},
		{
			name: "ControlPlane made by hand that refers to nothing", broken: func(s *pipeline.Snapshot) {
				s.ControlPlanes.Items[0].Gateway = ""
				s.ControlPlanes.Items[0].Extensions = nil
				s.Gateways = pipeline.KnownSet[*gatewayv1.Gateway]()
			},
			want: []string{"ExtensionNotReferenced"}, object: "ControlPlane default/kong-x7",
			says: []string{"spec.extensions of ControlPlane default/kong-x7"},
		},
	})
}

func TestExtensionUnknown(t *testing.T) {
	cases := []struct {
		name   string
		broken func(s *pipeline.Snapshot)
		want   []string
		says   []string
	}{
		{
			"extensions not installed", func(s *pipeline.Snapshot) {
				s.Extensions = pipeline.Set[pipeline.Extension]{State: pipeline.NotInstalled}
			},
			[]string{"ExtensionUnknown"}, []string{"DataPlaneMetricsExtensions", "not installed"},
		},
		{
			"ControlPlanes forbidden", func(s *pipeline.Snapshot) {
				s.ControlPlanes = pipeline.Set[pipeline.ControlPlane]{State: pipeline.Unreadable, Why: "listing controlplanes is forbidden"}
			},
			[]string{"ExtensionUnknown"}, []string{"ControlPlanes", "listing controlplanes is forbidden"},
		},
		{
			"nothing read yet", func(s *pipeline.Snapshot) { *s = pipeline.Snapshot{} },
			[]string{"ExtensionUnknown"}, []string{"DataPlaneMetricsExtensions", "ControlPlanes", "not been read yet"},
		},
		{
			"no ControlPlane, Gateways not installed", func(s *pipeline.Snapshot) {
				pipelinetest.BeforeControlPlane(s)
				s.Gateways = pipeline.Set[*gatewayv1.Gateway]{State: pipeline.NotInstalled}
			},
			[]string{"ExtensionUnknown"}, []string{"Gateways", "not installed"},
		},
		{
			"no ControlPlane, configurations forbidden", func(s *pipeline.Snapshot) {
				pipelinetest.BeforeControlPlane(s)
				s.GatewayConfigurations = pipeline.Set[pipeline.GatewayConfiguration]{State: pipeline.Unreadable, Why: "forbidden"}
			},
			[]string{"ExtensionUnknown"}, []string{"GatewayConfigurations", "forbidden"},
		},
		{
			"no ControlPlane, classes forbidden", func(s *pipeline.Snapshot) {
				pipelinetest.BeforeControlPlane(s)
				s.GatewayClasses = pipeline.Set[*gatewayv1.GatewayClass]{State: pipeline.Unreadable, Why: "forbidden"}
			},
			[]string{"ExtensionUnknown"}, []string{"GatewayClasses", "forbidden"},
		},
		{
			"a ControlPlane that measures says enough", func(s *pipeline.Snapshot) {
				s.GatewayConfigurations = pipeline.Set[pipeline.GatewayConfiguration]{State: pipeline.Unreadable}
				s.GatewayClasses = pipeline.Set[*gatewayv1.GatewayClass]{State: pipeline.Unreadable}
				s.Gateways = pipeline.Set[*gatewayv1.Gateway]{State: pipeline.Unreadable}
				s.HTTPRoutes = pipeline.Set[*gatewayv1.HTTPRoute]{State: pipeline.Unreadable}
			}, nil, nil,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := pipelinetest.Gateway()
			c.broken(s)
			got := judge(s)
			if diff := cmp.Diff(c.want, pipelinetest.Found(got)); diff != "" {
				t.Fatalf("reasons (-want +got):\n%s%v", diff, got)
			}
			for _, f := range got {
				if f.Severity != finding.Unknown {
					t.Errorf("severity %s", f.Severity)
				}
				for _, part := range c.says {
					if !strings.Contains(f.Message, part) {
						t.Errorf("%q is missing from %q", part, f.Message)
					}
				}
			}
		})
	}
}
