package route_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/route"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// grant lets HTTPRoutes of a namespace refer to a Service; to all if it is empty.
func grant(namespace, from, service string) pipeline.ReferenceGrant {
	return pipeline.ReferenceGrant{
		Namespace: namespace, Name: "grant",
		From: []pipeline.ReferenceGrantFrom{{Group: gatewayv1.GroupName, Kind: "HTTPRoute", Namespace: from}},
		To:   []pipeline.ReferenceGrantTo{{Kind: "Service", Name: service}},
	}
}

func parent(s *pipeline.Snapshot) *gatewayv1.ParentReference {
	return &s.HTTPRoutes.Items[0].Spec.ParentRefs[0]
}

// listen gives the Gateway other listeners.
func listen(s *pipeline.Snapshot, listeners ...gatewayv1.Listener) {
	s.Gateways.Items[0].Spec.Listeners = listeners
}

func listener(name string, port int32, protocol gatewayv1.ProtocolType) gatewayv1.Listener {
	return gatewayv1.Listener{Name: gatewayv1.SectionName(name), Port: port, Protocol: protocol}
}

func allowing(l gatewayv1.Listener, from gatewayv1.FromNamespaces, selector *metav1.LabelSelector) gatewayv1.Listener {
	l.AllowedRoutes = &gatewayv1.AllowedRoutes{Namespaces: &gatewayv1.RouteNamespaces{From: &from, Selector: selector}}
	return l
}

func named(l gatewayv1.Listener, hostname gatewayv1.Hostname) gatewayv1.Listener {
	l.Hostname = &hostname
	return l
}

// elsewhere moves the route into namespace team, with a grant.
func elsewhere(s *pipeline.Snapshot) {
	r := s.HTTPRoutes.Items[0]
	r.Namespace = "team"
	r.Spec.ParentRefs[0].Namespace = ptr.To(gatewayv1.Namespace("default"))
	r.Spec.Rules[0].BackendRefs[0].Namespace = ptr.To(gatewayv1.Namespace("default"))
	s.ReferenceGrants = pipeline.KnownSet(grant("default", "team", ""))
}

func hosts(s *pipeline.Snapshot, hostname gatewayv1.Hostname, ofListener gatewayv1.Hostname) {
	listen(s, named(listener("http", 80, "HTTP"), ofListener))
	s.HTTPRoutes.Items[0].Spec.Hostnames = []gatewayv1.Hostname{hostname}
}

type attachment struct {
	name   string
	change func(*pipeline.Snapshot)
	want   []string
	field  string
	says   []string
}

const (
	notAttached = "RouteNotAttached"
	refused     = "RouteBackendRefused"
	off         = "RouteControllerOff"
	missing     = "RouteMissing"
	notKnown    = "RouteUnknown"
)

func tryAttachments(t *testing.T, cases []attachment) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			losesNothing(t, c.change)
			s := pipelinetest.Gateway()
			c.change(s)
			got := route.New().Judge(pipeline.NewCase(nil, s, pipelinetest.GatewaySubject)).Findings
			if diff := cmp.Diff(c.want, pipelinetest.Found(got)); diff != "" {
				t.Fatalf("reasons (-want +got):\n%s%v", diff, got)
			}
			if len(got) == 0 {
				return
			}
			if field := got[0].Field.String(); c.field != "" && field != c.field {
				t.Errorf("field %q, want %q", field, c.field)
			}
			for _, part := range c.says {
				if text := got[0].Object.String() + ": " + got[0].Message + "\n" + render.Fix(got[0].Fix); !strings.Contains(text, part) {
					t.Errorf("%q is missing from:\n%s", part, text)
				}
			}
		})
	}
}

func TestListeners(t *testing.T) {
	tryAttachments(t, []attachment{
		{name: "sectionName of a listener", change: func(s *pipeline.Snapshot) { parent(s).SectionName = ptr.To(gatewayv1.SectionName("https")) }},
		{
			name: "sectionName of none", change: func(s *pipeline.Snapshot) { parent(s).SectionName = ptr.To(gatewayv1.SectionName("internal")) },
			want: []string{notAttached}, field: "spec.parentRefs[0].sectionName",
			says: []string{"HTTPRoute default/echo", "sectionName internal is no listener of Gateway default/kong, which has http, https"},
		},
		{name: "port of a listener", change: func(s *pipeline.Snapshot) { parent(s).Port = ptr.To(gatewayv1.PortNumber(443)) }},
		{
			name: "port of none", change: func(s *pipeline.Snapshot) { parent(s).Port = ptr.To(gatewayv1.PortNumber(8443)) },
			want: []string{notAttached}, field: "spec.parentRefs[0].port", says: []string{"port 8443", "80, 443"},
		},
		{
			name: "sectionName of one and port of another", change: func(s *pipeline.Snapshot) {
				parent(s).SectionName, parent(s).Port = ptr.To(gatewayv1.SectionName("http")), ptr.To(gatewayv1.PortNumber(443))
			},
			want: []string{notAttached}, field: "spec.parentRefs[0].port",
		},
		{
			name: "protocol", change: func(s *pipeline.Snapshot) { listen(s, listener("a", 80, "TCP"), listener("b", 443, "TLS")) },
			want: []string{notAttached}, field: "spec.parentRefs[0]",
			says: []string{"listener a of Gateway default/kong is of protocol TCP, which carries no HTTPRoutes; listener b of Gateway default/kong is of protocol TLS"},
		},
		{
			name: "a protocol of somebody", change: func(s *pipeline.Snapshot) { listen(s, listener("a", 80, "example.com/quic")) },
			want: []string{notKnown}, says: []string{"example.com/quic"},
		},
		{
			name: "kinds", change: func(s *pipeline.Snapshot) {
				l := listener("a", 80, "HTTP")
				l.AllowedRoutes = &gatewayv1.AllowedRoutes{Kinds: []gatewayv1.RouteGroupKind{{Kind: "GRPCRoute"}}}
				listen(s, l)
			},
			want: []string{notAttached}, says: []string{"allows routes of kind GRPCRoute only"},
		},
		{
			name: "kinds with HTTPRoute", change: func(s *pipeline.Snapshot) {
				l := listener("a", 80, "HTTP")
				l.AllowedRoutes = &gatewayv1.AllowedRoutes{Kinds: []gatewayv1.RouteGroupKind{
					{Kind: "GRPCRoute"}, {Group: ptr.To(gatewayv1.Group(gatewayv1.GroupName)), Kind: "HTTPRoute"}}}
				listen(s, l)
			},
		},
		{
			name: "one listener of several suffices", change: func(s *pipeline.Snapshot) {
				listen(s, listener("a", 80, "TCP"), listener("b", 81, "HTTP"))
			},
		},
		{
			name: "a Gateway that shows no listeners", change: func(s *pipeline.Snapshot) { listen(s) },
			want: []string{notKnown},
		},
		{
			name: "another parent that accepts it", change: func(s *pipeline.Snapshot) {
				r := s.HTTPRoutes.Items[0]
				r.Spec.ParentRefs = append(r.Spec.ParentRefs, r.Spec.ParentRefs[0])
				parent(s).SectionName = ptr.To(gatewayv1.SectionName("internal"))
			},
		},
		{
			name: "a ListenerSet", change: func(s *pipeline.Snapshot) { parent(s).Kind = ptr.To(gatewayv1.Kind("ListenerSet")) },
			want: []string{notKnown}, says: []string{"ListenerSet kong, which is not followed"},
		},
	})
}

func TestAllowedNamespaces(t *testing.T) {
	team := &metav1.LabelSelector{MatchLabels: map[string]string{"team": "a"}}
	byName := &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
		Key: "kubernetes.io/metadata.name", Operator: metav1.LabelSelectorOpIn, Values: []string{"team"},
	}}}
	http := listener("http", 80, "HTTP")
	from := func(from gatewayv1.FromNamespaces, selector *metav1.LabelSelector) func(*pipeline.Snapshot) {
		return func(s *pipeline.Snapshot) { elsewhere(s); listen(s, allowing(http, from, selector)) }
	}
	labelled := func(labels map[string]string) func(*pipeline.Snapshot) {
		return func(s *pipeline.Snapshot) {
			from("Selector", team)(s)
			s.Namespaces = pipeline.KnownSet(pipeline.Namespace{Name: "team", Labels: labels})
		}
	}
	tryAttachments(t, []attachment{
		{name: "all", change: from("All", nil)},
		{
			name: "the Gateway's, by default", change: func(s *pipeline.Snapshot) { elsewhere(s); listen(s, http) },
			want: []string{notAttached}, field: "spec.parentRefs[0]",
			says: []string{"HTTPRoute team/echo", "listener http of Gateway default/kong allows routes of its own namespace default only (allowedRoutes defaults to Same)", "allowedRoutes.namespaces"},
		},
		{name: "the Gateway's", change: from("Same", nil), want: []string{notAttached}, says: []string{"from is Same"}},
		{name: "the Gateway's, where the route is", change: func(s *pipeline.Snapshot) { listen(s, http) }},
		{name: "none", change: from("None", nil), want: []string{notAttached}},
		{name: "what later versions add", change: from("Others", nil), want: []string{notKnown}},
		{name: "selected", change: labelled(map[string]string{"team": "a"})},
		{name: "not selected", change: labelled(map[string]string{"team": "b"}), want: []string{notAttached}, says: []string{"namespaces with team=a only, not of team"}},
		{name: "labels not known", change: func(s *pipeline.Snapshot) {
			from("Selector", team)(s)
			s.Namespaces = pipeline.Set[pipeline.Namespace]{State: pipeline.Unreadable}
		}, want: []string{notKnown}, says: []string{"labels of namespace team are not known"}},
		{name: "selected by name, which is known", change: func(s *pipeline.Snapshot) {
			from("Selector", byName)(s)
			s.Namespaces = pipeline.Set[pipeline.Namespace]{State: pipeline.Unreadable}
		}},
		{name: "every namespace selected", change: from("Selector", &metav1.LabelSelector{})},
	})
}

func TestHostnames(t *testing.T) {
	for _, c := range []struct {
		route, listener gatewayv1.Hostname
		match           bool
	}{
		{"a.example.com", "a.example.com", true},
		{"A.example.com", "a.example.com", true},
		{"a.example.com", "b.example.com", false},
		{"a.example.com", "*.example.com", true},
		{"a.b.example.com", "*.example.com", true},
		{"example.com", "*.example.com", false},
		{"*.example.com", "a.example.com", true},
		{"*.example.com", "*.a.example.com", true},
		{"*.a.example.com", "*.example.com", true},
		{"*.example.com", "*.example.org", false},
		{"*.example.com", "example.com", false},
		{"aexample.com", "*.example.com", false},
		{"a.example.com", "", true},
	} {
		want := attachment{name: string(c.route + " at " + c.listener), change: func(s *pipeline.Snapshot) { hosts(s, c.route, c.listener) }}
		if !c.match {
			want.want, want.field = []string{notAttached}, "spec.hostnames"
			want.says = []string{"its hostnames (" + string(c.route) + ") match no listener", "hostname " + string(c.listener)}
		}
		tryAttachments(t, []attachment{want})
	}
	tryAttachments(t, []attachment{{name: "a route without hostnames", change: func(s *pipeline.Snapshot) {
		hosts(s, "", "a.example.com")
		s.HTTPRoutes.Items[0].Spec.Hostnames = nil
	}}})
}

func TestBackends(t *testing.T) {
	port := func(n gatewayv1.PortNumber, has ...int32) func(*pipeline.Snapshot) {
		return func(s *pipeline.Snapshot) {
			s.HTTPRoutes.Items[0].Spec.Rules[0].BackendRefs[0].Port = &n
			s.ServicePorts = pipeline.KnownSet(pipeline.ServicePorts{Namespace: "default", Name: "echo", Ports: has})
		}
	}
	granted := func(grants ...pipeline.ReferenceGrant) func(*pipeline.Snapshot) {
		return func(s *pipeline.Snapshot) { elsewhere(s); s.ReferenceGrants = pipeline.KnownSet(grants...) }
	}
	ofKind := func(kind string) pipeline.ReferenceGrant {
		g := grant("default", "team", "")
		g.From[0].Kind = kind
		return g
	}
	tryAttachments(t, []attachment{
		{name: "not attached and not granted", change: func(s *pipeline.Snapshot) { granted()(s); wrong(s) }, want: []string{notAttached},
			says: []string{"is no listener", "; and no ReferenceGrant of namespace default lets"}},
		{name: "granted", change: granted(grant("default", "team", "echo"))},
		{name: "all granted", change: granted(grant("default", "team", ""))},
		{
			name: "not granted", change: granted(), want: []string{refused}, field: "spec.rules[0].backendRefs[0]",
			says: []string{"HTTPRoute team/echo", "no ReferenceGrant of namespace default lets HTTPRoutes of namespace team refer to Service echo", "Create a ReferenceGrant in namespace default"},
		},
		{name: "granted for another Service", change: granted(grant("default", "team", "other")), want: []string{refused}},
		{name: "granted for another namespace", change: granted(grant("default", "shop", "")), want: []string{refused}},
		{name: "granted for another kind", change: granted(ofKind("GRPCRoute")), want: []string{refused}},
		{name: "granted in the route's namespace", change: granted(grant("team", "team", "")), want: []string{refused}},
		{name: "grants not installed", change: func(s *pipeline.Snapshot) {
			elsewhere(s)
			s.ReferenceGrants = pipeline.Set[pipeline.ReferenceGrant]{State: pipeline.NotInstalled}
		}, want: []string{notKnown}, says: []string{"ReferenceGrants are not known"}},
		{name: "grants that the ControlPlane does not read", change: func(s *pipeline.Snapshot) {
			elsewhere(s)
			s.ControlPlanes.Items[0].Controllers = []pipeline.Controller{{Name: "GWAPI_REFERENCE_GRANT"}}
		}, want: []string{notKnown}, says: []string{"GWAPI_REFERENCE_GRANT"}},
		{name: "port of the Service", change: port(80, 8001, 80)},
		{
			name: "port of none", change: port(8080, 8001, 80), want: []string{refused}, field: "spec.rules[0].backendRefs[0]",
			says: []string{"Service default/echo has no port 8080; its ports are 8001, 80"},
		},
		{name: "ports not known", change: port(8080)},
		{name: "another rule that works", change: func(s *pipeline.Snapshot) {
			port(8080, 80)(s)
			s.HTTPRoutes.Items[0].Spec.Rules = append(s.HTTPRoutes.Items[0].Spec.Rules, pipelinetest.NewRule("echo"))
		}},
	})
}
