package pipeline

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// topology is a snapshot with what stands in front of Services put in order once, so
// that judging one Service costs what is in front of it and not what there is.
type topology struct {
	*Snapshot

	gateways       map[gatewayKey]*gatewayv1.Gateway
	configurations map[gatewayKey]*GatewayConfiguration
	extensions     map[gatewayKey]*Extension
	// measured are the Services whose latency an extension of their namespace asks for.
	measured map[gatewayKey]bool
	// controlled are the Gateways that have a ControlPlane.
	controlled map[gatewayKey]bool

	// attachments are all, and byNamespace and byGateway some of their indexes.
	attachments []gatewayAttachment
	byNamespace map[string][]int
	byGateway   map[gatewayKey][]int

	// rules are, by Service, those of Kong Operator's Gateways that name it, in the
	// order of the routes, and parents the Gateways of any route that does.
	rules   map[gatewayKey][]routeRule
	parents map[gatewayKey][]gatewayKey
	// tags are what the series of rules with traffic are called.
	tags map[tagKey]*routeTags
}

func newTopology(s *Snapshot) *topology {
	t := &topology{
		Snapshot:       s,
		gateways:       map[gatewayKey]*gatewayv1.Gateway{},
		configurations: map[gatewayKey]*GatewayConfiguration{},
		extensions:     map[gatewayKey]*Extension{},
		measured:       map[gatewayKey]bool{},
		controlled:     map[gatewayKey]bool{},
		byNamespace:    map[string][]int{},
		byGateway:      map[gatewayKey][]int{},
		rules:          map[gatewayKey][]routeRule{},
		parents:        map[gatewayKey][]gatewayKey{},
		tags:           map[tagKey]*routeTags{},
	}
	for _, g := range s.Gateways.Items {
		t.gateways[gatewayKey{g.Namespace, g.Name}] = g
	}
	for i := range s.GatewayConfigurations.Items {
		c := &s.GatewayConfigurations.Items[i]
		t.configurations[gatewayKey{c.Namespace, c.Name}] = c
	}
	for i := range s.Extensions.Items {
		e := &s.Extensions.Items[i]
		t.extensions[gatewayKey{e.Namespace, e.Name}] = e
		for _, service := range e.Services {
			if e.Latency {
				t.measured[gatewayKey{e.Namespace, service}] = true
			}
		}
	}
	for _, c := range s.ControlPlanes.Items {
		t.controlled[gatewayKey{c.Namespace, c.Gateway}] = true
	}
	t.addAttachments()
	t.addRoutes()
	return t
}

func (t *topology) addAttachments() {
	t.attachments = gatewayAttachments(t)
	for i, a := range t.attachments {
		t.byNamespace[a.namespace] = append(t.byNamespace[a.namespace], i)
		if a.gateway != "" {
			key := gatewayKey{a.namespace, a.gateway}
			t.byGateway[key] = append(t.byGateway[key], i)
		}
	}
}

// addRoutes takes the rules of all routes. If the Gateways are not known, every
// Gateway that a route names is taken to be Kong Operator's.
func (t *topology) addRoutes() {
	kong := gatewayOfKong(t)
	for _, route := range t.HTTPRoutes.Items {
		all := routeGateways(route)
		gateways := slices.DeleteFunc(slices.Clone(all), func(k gatewayKey) bool { return !kong(k) })
		for i := range route.Spec.Rules {
			r := routeRule{route: route, index: i, gateways: gateways, backends: routeBackends(route, i)}
			for _, service := range r.services() {
				t.parents[service] = append(t.parents[service], all...)
				if len(gateways) > 0 {
					t.rules[service] = append(t.rules[service], r)
				}
			}
			if len(gateways) > 0 && len(r.backends) > 0 {
				t.addTag(r)
			}
		}
	}
	for _, tags := range t.tags {
		tags.sort()
	}
}

func (t *topology) addTag(r routeRule) {
	tag, traffic := routeTagOf(t, r)
	if !traffic {
		return
	}
	for _, g := range slices.Compact(slices.Clone(r.gateways)) {
		key := tagKey{g, tag.measured}
		if t.tags[key] == nil {
			t.tags[key] = &routeTags{count: map[string]int{}}
		}
		t.tags[key].count[tag.name]++
	}
}

// services are those behind the rule, each once.
func (r routeRule) services() []gatewayKey {
	out := make([]gatewayKey, 0, len(r.backends))
	for _, b := range r.backends {
		if !slices.Contains(out, b.service) {
			out = append(out, b.service)
		}
	}
	return out
}

// near are the indexes of attachments of a namespace or of any of the gateways, in
// their order.
func (t *topology) near(namespace string, gateways []gatewayKey) []int {
	out := slices.Clone(t.byNamespace[namespace])
	for _, g := range gateways {
		out = append(out, t.byGateway[g]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// routeTag is what series of a rule are called, and whether a metrics extension asks
// for them.
type routeTag struct {
	name     string
	measured bool
}

// bareName is a tag's name without the kind, by which Kong sorts.
func bareName(name string) string { return name[strings.Index(name, " ")+1:] }

// tagKey is the rules of a Gateway whose series are measured, or are not.
type tagKey struct {
	gateway  gatewayKey
	measured bool
}

// routeTags are the names of the series of some rules.
type routeTags struct {
	// count is how many rules have a name.
	count map[string]int
	// byName is sorted, and byBare from the last to the first bare name.
	byName, byBare []string
}

func (r *routeTags) sort() {
	r.byName = slices.Sorted(maps.Keys(r.count))
	r.byBare = slices.Clone(r.byName)
	slices.SortStableFunc(r.byBare, func(a, b string) int { return -cmp.Compare(bareName(a), bareName(b)) })
}

// without is what is left without the rules of own, which counts them by name: the
// first few names, how many there are, and the last by bare name.
func (r *routeTags) without(own map[string]int, few int) (first []string, total int, last string) {
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
