package extension_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/extension"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

type extensionCase struct {
	name   string
	broken func(s *pipeline.Snapshot)
	want   []string
	// object and message are of the first finding; says are parts of its message
	// and fix.
	object string
	says   []string
	// after are the reasons once the first finding's fix has been applied; nil if
	// the fix is a sentence.
	after []string
}

var gatewayNothing = []string{}

func extensionRun(t *testing.T, cases []extensionCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := pipelinetest.Gateway()
			c.broken(s)
			got := judge(s)
			if diff := cmp.Diff(append(gatewayNothing, c.want...), append(gatewayNothing, pipelinetest.Found(got)...)); diff != "" {
				t.Fatalf("reasons (-want +got):\n%s%v", diff, got)
			}
			if len(got) == 0 {
				return
			}
			if got[0].Object.String() != c.object {
				t.Errorf("object %q, want %q", got[0].Object, c.object)
			}
			for _, part := range c.says {
				if !strings.Contains(got[0].Message+"\n"+render.Fix(got[0].Fix), part) {
					t.Errorf("%q is missing from:\n%s\n%s", part, got[0].Message, render.Fix(got[0].Fix))
				}
			}
			if c.after == nil {
				if strings.Contains(render.Fix(got[0].Fix), "apiVersion") {
					t.Fatalf("nobody tests the YAML of this fix:\n%s", render.Fix(got[0].Fix))
				}
				return
			}
			pipelinetest.ApplyExtension(t, s, render.Fix(got[0].Fix))
			after := pipelinetest.Found(judge(s))
			if diff := cmp.Diff(c.after, append(gatewayNothing, after...)); diff != "" {
				t.Errorf("reasons after the fix (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExtensionContent(t *testing.T) {
	extensionRun(t, []extensionCase{
		{name: "good", broken: func(*pipeline.Snapshot) {}},
		{
			name: "missing", broken: func(s *pipeline.Snapshot) { s.Extensions = pipeline.KnownSet[pipeline.Extension]() },
			want: []string{"ExtensionMissing"}, object: "ControlPlane default/kong-x7",
			says: []string{"default/latency", "name: echo", "latency: true"}, after: gatewayNothing,
		},
		{
			name: "missing where the reference names the namespace", broken: func(s *pipeline.Snapshot) {
				s.ControlPlanes.Items[0].Extensions[0].Namespace = "kong"
			},
			want: []string{"ExtensionMissing"}, object: "ControlPlane default/kong-x7",
			says: []string{"kong/latency"}, after: []string{"ExtensionRemote"},
		},
		{
			name: "Service not listed", broken: func(s *pipeline.Snapshot) { s.Extensions.Items[0].Services = []string{"a", "b"} },
			want: []string{"ExtensionServiceNotListed"}, object: "DataPlaneMetricsExtension default/latency",
			says: []string{"which has a, b", "- name: a", "- name: b", "- name: echo"}, after: gatewayNothing,
		},
		{
			name: "a long list is cut", broken: func(s *pipeline.Snapshot) {
				s.Extensions.Items[0].Services = []string{"a", "b", "c", "d", "e", "f", "g"}
			},
			want: []string{"ExtensionServiceNotListed"}, object: "DataPlaneMetricsExtension default/latency",
			says: []string{"a, b, c, d, e and 2 more", "- name: g"}, after: gatewayNothing,
		},
		{
			name: "no Service listed", broken: func(s *pipeline.Snapshot) { s.Extensions.Items[0].Services = nil },
			want: []string{"ExtensionServiceNotListed"}, object: "DataPlaneMetricsExtension default/latency",
			says: []string{"which has none"}, after: gatewayNothing,
		},
		{
			name: "names are literal", broken: func(s *pipeline.Snapshot) { s.Extensions.Items[0].Services = []string{"ech*", "Echo"} },
			want: []string{"ExtensionServiceNotListed"}, object: "DataPlaneMetricsExtension default/latency",
			after: gatewayNothing,
		},
		{
			name: "latency off", broken: func(s *pipeline.Snapshot) { s.Extensions.Items[0].Latency = false },
			want: []string{"ExtensionLatencyOff"}, object: "DataPlaneMetricsExtension default/latency",
			says: []string{"spec.config.latency"}, after: gatewayNothing,
		},
		{
			name: "not listed and latency off: one fix fixes both", broken: func(s *pipeline.Snapshot) {
				s.Extensions.Items[0] = pipeline.Extension{Namespace: "default", Name: "latency"}
			},
			want: []string{"ExtensionServiceNotListed", "ExtensionLatencyOff"}, object: "DataPlaneMetricsExtension default/latency",
			after: gatewayNothing,
		},
		{
			name: "in the namespace of the GatewayConfiguration", broken: func(s *pipeline.Snapshot) {
				s.Extensions.Items[0].Namespace = "kong"
				s.Extensions.Items[0].Services = []string{"other", "echo"}
			},
			want: []string{"ExtensionInOtherNamespace"}, object: "DataPlaneMetricsExtension kong/latency",
			says: []string{"means namespace default", "namespace: default", "- name: other"}, after: gatewayNothing,
		},
		{
			name: "in another namespace, which the reference names", broken: func(s *pipeline.Snapshot) {
				s.Extensions.Items[0].Namespace = "kong"
				s.ControlPlanes.Items[0].Extensions[0].Namespace = "kong"
			},
			want: []string{"ExtensionRemote"}, object: "DataPlaneMetricsExtension kong/latency",
			says: []string{"Create the extension in namespace default"},
		},
		{
			name: "the reference names its own namespace", broken: func(s *pipeline.Snapshot) {
				s.ControlPlanes.Items[0].Extensions[0].Namespace = "default"
			},
		},
		{
			name: "the reference leaves the group out", broken: func(s *pipeline.Snapshot) { s.ControlPlanes.Items[0].Extensions[0].Group = "" },
		},
	})
}

func TestExtensionFixKeepsTheRestOfTheObject(t *testing.T) {
	s := pipelinetest.Gateway()
	manifest := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "gateway-operator.konghq.com/v1alpha1",
		"kind":       "DataPlaneMetricsExtension",
		"metadata": map[string]any{
			"namespace": "default", "name": "latency", "uid": "1", "resourceVersion": "2",
			"labels": map[string]any{"team": "blue"},
		},
		"spec": map[string]any{
			"serviceSelector": map[string]any{"matchNames": []any{map[string]any{"name": "a"}}},
			"config":          map[string]any{"bandwidth": true},
		},
		"status": map[string]any{"x": "y"},
	}}
	s.Extensions.Items[0] = pipeline.Extension{Namespace: "default", Name: "latency", Services: []string{"a"}, Manifest: manifest}
	before := manifest.DeepCopy()
	got := judge(s)
	want := `apiVersion: gateway-operator.konghq.com/v1alpha1
kind: DataPlaneMetricsExtension
metadata:
  labels:
    team: blue
  name: latency
  namespace: default
spec:
  config:
    bandwidth: true
    latency: true
  serviceSelector:
    matchNames:
    - name: a
    - name: echo
`
	if len(got) == 0 {
		t.Fatal("nothing is found")
	}
	if diff := cmp.Diff(want, render.Fix(got[0].Fix)); diff != "" {
		t.Errorf("fix (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before.Object, manifest.Object); diff != "" {
		t.Errorf("the snapshot was changed:\n%s", diff)
	}
}

func TestExtensionReferences(t *testing.T) {
	unreferred := func(s *pipeline.Snapshot) {
		s.ControlPlanes.Items[0].Extensions = nil
		s.GatewayConfigurations.Items[0].Extensions = nil
	}
	extensionRun(t, []extensionCase{
		{
			name: "nothing refers to the extension", broken: unreferred,
			want: []string{"ExtensionNotReferenced"}, object: "ControlPlane default/kong-x7",
			says: []string{"spec.extensions of GatewayConfiguration kong/kong", "name: latency}"},
		},
		{
			name: "the reference is to another kind", broken: func(s *pipeline.Snapshot) {
				s.ControlPlanes.Items[0].Extensions[0].Kind = "KonnectExtension"
				s.GatewayConfigurations.Items[0].Extensions = nil
			},
			want: []string{"ExtensionNotReferenced"}, object: "ControlPlane default/kong-x7",
		},
		{
			name: "the reference is to the kind's name in another group", broken: func(s *pipeline.Snapshot) {
				s.ControlPlanes.Items[0].Extensions[0].Group = "example.com"
				s.GatewayConfigurations.Items[0].Extensions = nil
			},
			want: []string{"ExtensionNotReferenced"}, object: "ControlPlane default/kong-x7",
		},
		{
			name: "neither extension nor reference", broken: func(s *pipeline.Snapshot) {
				unreferred(s)
				s.Extensions = pipeline.KnownSet(pipelinetest.NewExtension("other", "x", "echo"))
			},
			want: []string{"ExtensionMissing", "ExtensionNotReferenced"}, object: "Service default/echo",
			says: []string{"name: kong-latency"}, after: []string{"ExtensionNotReferenced"},
		},
		{
			name: "the extension that nothing refers to does not name the Service", broken: func(s *pipeline.Snapshot) {
				unreferred(s)
				s.Extensions.Items[0].Services = []string{"a"}
			},
			want: []string{"ExtensionNotReferenced", "ExtensionServiceNotListed"}, object: "ControlPlane default/kong-x7",
			says: []string{"name: latency}"},
		},
		{
			name: "the ControlPlane refers to nothing, and its configuration is unreadable", broken: func(s *pipeline.Snapshot) {
				unreferred(s)
				s.GatewayConfigurations = pipeline.Set[pipeline.GatewayConfiguration]{State: pipeline.Unreadable}
			},
			want: []string{"ExtensionNotReferenced"}, object: "ControlPlane default/kong-x7",
			says: []string{"it refers to no metrics extension", "spec.extensions of GatewayConfiguration kong/kong"},
		},
		{
			name: "no configuration either", broken: func(s *pipeline.Snapshot) {
				unreferred(s)
				s.GatewayClasses = pipeline.KnownSet(pipelinetest.NewGatewayClass("kong", "", ""))
			},
			want: []string{"ExtensionNotReferenced"}, object: "ControlPlane default/kong-x7",
			says: []string{"Create a GatewayConfiguration in namespace default", "parametersRef of Gateway default/kong"},
		},
		{
			name: "the configuration does not exist", broken: func(s *pipeline.Snapshot) {
				unreferred(s)
				s.GatewayConfigurations = pipeline.KnownSet[pipeline.GatewayConfiguration]()
			},
			want: []string{"ExtensionNotReferenced"}, object: "ControlPlane default/kong-x7",
			says: []string{"GatewayConfiguration kong/kong does not exist"},
		},
		{
			name: "no Gateway uses the configuration", broken: func(s *pipeline.Snapshot) {
				s.ControlPlanes.Items[0].Extensions = nil
				s.GatewayClasses = pipeline.KnownSet(pipelinetest.NewGatewayClass("kong", "", ""))
			},
			want: []string{"GatewayConfigurationUnused"}, object: "GatewayConfiguration kong/kong",
			says: []string{"Gateway default/kong", "spec.parametersRef of GatewayClass kong", "namespace: kong"},
		},
		{
			name: "the configuration that no Gateway uses means another extension", broken: func(s *pipeline.Snapshot) {
				s.ControlPlanes.Items[0].Extensions = nil
				s.GatewayClasses = pipeline.KnownSet(pipelinetest.NewGatewayClass("kong", "", ""))
				s.GatewayConfigurations.Items[0].Extensions[0].Namespace = "other"
			},
			want: []string{"ExtensionNotReferenced"}, object: "ControlPlane default/kong-x7",
		},
		{
			name: "no Gateway uses the configuration beside it", broken: func(s *pipeline.Snapshot) {
				s.ControlPlanes.Items[0].Extensions = nil
				s.GatewayClasses = pipeline.KnownSet(pipelinetest.NewGatewayClass("kong", "", ""))
				s.GatewayConfigurations.Items[0].Namespace = "default"
			},
			want: []string{"GatewayConfigurationUnused"}, object: "GatewayConfiguration default/kong",
			says: []string{"spec.infrastructure.parametersRef of Gateway default/kong"},
		},
		{
			name: "the class names the configuration without its namespace", broken: func(s *pipeline.Snapshot) {
				s.ControlPlanes.Items[0].Extensions = nil
				s.GatewayClasses.Items[0].Spec.ParametersRef.Namespace = nil
			},
			want: []string{"GatewayConfigurationUnused"}, object: "GatewayConfiguration kong/kong",
		},
		{
			name: "the Gateway's own configuration is in its namespace", broken: func(s *pipeline.Snapshot) {
				pipelinetest.BeforeControlPlane(s)
				s.GatewayClasses = pipeline.KnownSet(pipelinetest.NewGatewayClass("kong", "", ""))
				pipelinetest.WithConfig(s.Gateways.Items[0], "kong")
			},
			want: []string{"ExtensionNotReferenced"}, object: "Gateway default/kong",
			says: []string{"GatewayConfiguration default/kong does not exist", "Create GatewayConfiguration default/kong"},
		},
		{
			name: "two references", broken: func(s *pipeline.Snapshot) {
				s.ControlPlanes.Items[0].Extensions = append(s.ControlPlanes.Items[0].Extensions, pipelinetest.NewRef("more"))
				s.ControlPlanes.Items[0].AcceptedExtensions = "False"
				s.Extensions.Items = append(s.Extensions.Items, pipelinetest.NewExtension("default", "more", "a"))
			},
			want: []string{"SeveralExtensions"}, object: "ControlPlane default/kong-x7",
			says: []string{"2 metrics extensions (default/latency, default/more);", "out of spec.extensions of GatewayConfiguration kong/kong"},
		},
		{
			name: "two references to extensions that name the Service", broken: func(s *pipeline.Snapshot) {
				s.ControlPlanes.Items[0].Extensions = append(s.ControlPlanes.Items[0].Extensions, pipelinetest.NewRef("more"))
				s.Extensions.Items = append(s.Extensions.Items, pipelinetest.NewExtension("default", "more", "echo"))
			},
			want: []string{"SeveralExtensions"}, object: "ControlPlane default/kong-x7",
			says: []string{"several of which name Service echo"},
		},
		{
			name: "two references of a ControlPlane made by hand", broken: func(s *pipeline.Snapshot) {
				s.ControlPlanes.Items[0].Gateway = ""
				s.ControlPlanes.Items[0].Extensions = []pipeline.ExtensionRef{pipelinetest.NewRef("latency"), pipelinetest.NewRef("latency")}
				s.Gateways = pipeline.KnownSet[*gatewayv1.Gateway]()
			},
			want: []string{"SeveralExtensions"}, object: "ControlPlane default/kong-x7",
			says: []string{"out of spec.extensions of ControlPlane default/kong-x7"},
		},
		{
			name: "a second extension that nothing refers to", broken: func(s *pipeline.Snapshot) {
				s.Extensions.Items = append(s.Extensions.Items, pipelinetest.NewExtension("default", "more", "echo"))
			},
		},
		{
			name: "a Konnect extension beside it", broken: func(s *pipeline.Snapshot) {
				s.ControlPlanes.Items[0].Extensions = append(s.ControlPlanes.Items[0].Extensions,
					pipeline.ExtensionRef{Group: "konnect.konghq.com", Kind: "KonnectExtension", Name: "k"})
			},
		},
		{
			name: "not accepted", broken: func(s *pipeline.Snapshot) {
				s.ControlPlanes.Items[0].AcceptedExtensions = "False"
				s.ControlPlanes.Items[0].AcceptedMessage = "extension k not found"
			},
			want: []string{"ExtensionNotAccepted"}, object: "ControlPlane default/kong-x7", says: []string{"extension k not found"},
		},
		{
			name: "acceptance not known yet", broken: func(s *pipeline.Snapshot) { s.ControlPlanes.Items[0].AcceptedExtensions = "" },
		},
		{
			name: "another Gateway's ControlPlane has another extension for the Service", broken: func(s *pipeline.Snapshot) {
				s.Gateways.Items = append(s.Gateways.Items, pipelinetest.NewGateway("default", "second", "kong"))
				s.ControlPlanes.Items = append(s.ControlPlanes.Items, pipeline.ControlPlane{
					Namespace: "default", Name: "second-b2", Gateway: "second", Extensions: []pipeline.ExtensionRef{pipelinetest.NewRef("more")},
				})
				s.Extensions.Items = append(s.Extensions.Items, pipelinetest.NewExtension("default", "more", "echo"))
			},
			want: []string{"ServiceInSeveralExtensions"}, object: "Service default/echo",
			says: []string{"default/latency (by ControlPlane default/kong-x7), default/more (by ControlPlane default/second-b2)"},
		},
		{
			name: "another Gateway's ControlPlane shares the extension", broken: func(s *pipeline.Snapshot) {
				s.Gateways.Items = append(s.Gateways.Items, pipelinetest.NewGateway("default", "second", "kong"))
				s.ControlPlanes.Items = append(s.ControlPlanes.Items, pipeline.ControlPlane{
					Namespace: "default", Name: "second-b2", Gateway: "second", Extensions: []pipeline.ExtensionRef{pipelinetest.NewRef("latency")},
				})
			},
		},
	})
}

func judge(s *pipeline.Snapshot) []finding.Finding {
	return extension.New().Judge(pipeline.NewCase(nil, s, pipelinetest.GatewaySubject)).Findings
}
