// Package topology indexes what is in front of Services in a snapshot: Kong Operator's
// Gateways, their ControlPlanes, and the routes that lead to Services.
package topology

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// Topology is a snapshot with what is in front of Services indexed once, so
// that judging one Service costs what is in front of it and not what there is.
type Topology struct {
	*pipeline.Snapshot

	GatewayAt       map[types.NamespacedName]*gatewayv1.Gateway
	ConfigurationAt map[types.NamespacedName]*pipeline.GatewayConfiguration
	ExtensionAt     map[types.NamespacedName]*pipeline.Extension
	// measured are the Services whose latency an extension of their namespace enables.
	measured map[types.NamespacedName]bool
	// Controlled are the Gateways that have a ControlPlane.
	Controlled map[types.NamespacedName]bool

	// Attachments are all, and byNamespace and byGateway some of their indexes.
	Attachments []Attachment
	byNamespace map[string][]int
	byGateway   map[types.NamespacedName][]int

	// Rules are, by Service, those of Kong Operator's Gateways that name it, in the
	// order of the routes, and parents the Gateways of any route that does.
	Rules   map[types.NamespacedName][]Rule
	Parents map[types.NamespacedName][]types.NamespacedName
	// Refusals are, by Service, why HTTPRoutes that name it and a Gateway of Kong Operator
	// bring it no traffic.
	Refusals map[types.NamespacedName][]Refusal
	// IngressesTo are, by Service, those that Kong Operator serves, and Elsewhere says what
	// may lead to the Service otherwise, and is not followed.
	IngressesTo map[types.NamespacedName][]Ingress
	Elsewhere   map[types.NamespacedName][]string
	// ports are the ports of Services, as far as they are known.
	ports map[types.NamespacedName][]int32
	// Tags are what the series of rules with traffic are called.
	Tags map[TagKey]*Tags
}

type key struct{}

// Of is the topology of the case's snapshot.
func Of(c *pipeline.Case) *Topology { return pipeline.Shared(c, key{}, New) }

// New returns the topology of a snapshot.
func New(s *pipeline.Snapshot) *Topology {
	t := &Topology{
		Snapshot:        s,
		GatewayAt:       map[types.NamespacedName]*gatewayv1.Gateway{},
		ConfigurationAt: map[types.NamespacedName]*pipeline.GatewayConfiguration{},
		ExtensionAt:     map[types.NamespacedName]*pipeline.Extension{},
		measured:        map[types.NamespacedName]bool{},
		Controlled:      map[types.NamespacedName]bool{},
		byNamespace:     map[string][]int{},
		byGateway:       map[types.NamespacedName][]int{},
		Rules:           map[types.NamespacedName][]Rule{},
		Parents:         map[types.NamespacedName][]types.NamespacedName{},
		Refusals:        map[types.NamespacedName][]Refusal{},
		IngressesTo:     map[types.NamespacedName][]Ingress{},
		Elsewhere:       map[types.NamespacedName][]string{},
		ports:           portsOf(s),
		Tags:            map[TagKey]*Tags{},
	}
	for _, g := range s.Gateways.Items {
		t.GatewayAt[Key(g.Namespace, g.Name)] = g
	}
	for i := range s.GatewayConfigurations.Items {
		c := &s.GatewayConfigurations.Items[i]
		t.ConfigurationAt[Key(c.Namespace, c.Name)] = c
	}
	for i := range s.Extensions.Items {
		e := &s.Extensions.Items[i]
		t.ExtensionAt[Key(e.Namespace, e.Name)] = e
		for _, service := range e.Services {
			if e.Latency {
				t.measured[Key(e.Namespace, service)] = true
			}
		}
	}
	for _, c := range s.ControlPlanes.Items {
		t.Controlled[Key(c.Namespace, c.Gateway)] = true
	}
	t.addAttachments()
	t.addRoutes()
	return t
}

func (t *Topology) addAttachments() {
	t.Attachments = attachments(t)
	for i, a := range t.Attachments {
		t.byNamespace[a.Namespace] = append(t.byNamespace[a.Namespace], i)
		if a.Gateway != "" {
			key := Key(a.Namespace, a.Gateway)
			t.byGateway[key] = append(t.byGateway[key], i)
		}
	}
}

// addRoutes adds the rules of all routes. If the Gateways are not known, every
// Gateway that a route names is assumed to be Kong Operator's.
func (t *Topology) addRoutes() {
	kong := ofKong(t)
	for _, route := range t.HTTPRoutes.Items {
		t.addRoute(route, kong)
	}
	for _, tags := range t.Tags {
		tags.sort()
	}
	t.addIngresses()
	t.addOtherRoutes()
}

func (t *Topology) addRoute(route *gatewayv1.HTTPRoute, kong func(types.NamespacedName) (bool, string)) {
	all := gatewaysOf(route)
	at := t.attach(route, kong)
	elsewhere := leadsElsewhere(route)
	for i := range route.Spec.Rules {
		r := Rule{Route: route, Index: i, Gateways: at.gateways, Doubt: at.doubt}
		var refusals map[types.NamespacedName][]Refusal
		r.Backends, refusals = t.backendsOf(route, i, at)
		for _, service := range r.services() {
			t.Parents[service] = append(t.Parents[service], all...)
			if elsewhere != "" {
				t.Elsewhere[service] = append(t.Elsewhere[service], elsewhere)
			}
			if len(at.gateways) == 0 {
				t.Refusals[service] = append(t.Refusals[service], t.withGrant(route, service, at.refusals)...)
				continue
			}
			t.Rules[service] = append(t.Rules[service], r)
			t.Refusals[service] = append(t.Refusals[service], refusals[service]...)
		}
		if len(at.gateways) > 0 && len(r.Backends) > 0 {
			t.addTag(r)
		}
	}
}

func (t *Topology) addTag(r Rule) {
	tag, traffic := TagOf(t, r)
	if !traffic {
		return
	}
	for _, g := range slices.Compact(slices.Clone(r.Gateways)) {
		key := TagKey{g, tag.Measured}
		if t.Tags[key] == nil {
			t.Tags[key] = &Tags{count: map[string]int{}}
		}
		t.Tags[key].count[tag.Name]++
	}
}

// services are those behind the rule, each once.
func (r Rule) services() []types.NamespacedName {
	out := make([]types.NamespacedName, 0, len(r.Backends))
	for _, b := range r.Backends {
		if !slices.Contains(out, b.Service) {
			out = append(out, b.Service)
		}
	}
	return out
}

// Near are the indexes of attachments of a namespace or of any of the gateways, in
// their order.
func (t *Topology) Near(namespace string, gateways []types.NamespacedName) []int {
	out := slices.Clone(t.byNamespace[namespace])
	for _, g := range gateways {
		out = append(out, t.byGateway[g]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Tag is the name of a rule's series, and whether a metrics extension enables them.
type Tag struct {
	Name     string
	Measured bool
}

// BareName is a tag's name without the kind, by which Kong sorts.
func BareName(name string) string { return name[strings.Index(name, " ")+1:] }

// TagKey is the rules of a Gateway whose series are measured, or are not.
type TagKey struct {
	Gateway  types.NamespacedName
	Measured bool
}

// Tags are the names of the series of some rules.
type Tags struct {
	// count is how many rules have a name.
	count map[string]int
	// byName is sorted, and byBare from the last to the first bare name.
	byName, byBare []string
}

func (r *Tags) sort() {
	r.byName = slices.Sorted(maps.Keys(r.count))
	r.byBare = slices.Clone(r.byName)
	slices.SortStableFunc(r.byBare, func(a, b string) int { return -cmp.Compare(BareName(a), BareName(b)) })
}

// Without is what is left without the rules of own, which counts them by name: the
// first few names, how many there are, and the last by bare name.
func (r *Tags) Without(own map[string]int, few int) (first []string, total int, last string) {
	gone := func(name string) bool { return r.count[name] <= own[name] }
	total = len(r.byName)
	for name := range own {
		if gone(name) {
			total--
		}
	}
	for _, name := range r.byName {
		if len(first) == few {
			break
		}
		if !gone(name) {
			first = append(first, name)
		}
	}
	if i := slices.IndexFunc(r.byBare, func(name string) bool { return !gone(name) }); i >= 0 {
		last = r.byBare[i]
	}
	return first, total, last
}

// TagOf is the tag of the rule's series, whose name is the HTTPRoute's if there
// are several backends. There are none if traffic is false.
func TagOf(t *Topology, r Rule) (tag Tag, traffic bool) {
	tag.Name = "Service " + r.Backends[0].Service.String()
	if len(r.Backends) > 1 {
		tag.Name = fmt.Sprintf("HTTPRoute %s/%s", r.Route.Namespace, r.Route.Name)
	}
	for _, b := range r.Backends {
		traffic = traffic || !b.Idle && !b.Refused
		tag.Measured = tag.Measured || t.measured[b.Service]
	}
	return tag, traffic
}
