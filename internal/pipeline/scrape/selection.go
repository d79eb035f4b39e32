package scrape

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// Searches reports whether the monitor selects Services of a namespace:
// ignoreNamespaceSelectors confines it to its own, any opens all, and matchNames
// take the place of its own.
func (q Job) Searches(namespace string) bool {
	by := q.Monitor.Spec.NamespaceSelector
	switch {
	case q.General().IgnoreNamespaceSelectors:
		return namespace == q.Monitor.Namespace
	case by.Any:
		return true
	case len(by.MatchNames) > 0:
		return slices.Contains(by.MatchNames, namespace)
	}
	return namespace == q.Monitor.Namespace
}

// SearchText says in which namespaces the monitor selects Services.
func (q Job) SearchText() string {
	by := q.Monitor.Spec.NamespaceSelector
	switch {
	case q.General().IgnoreNamespaceSelectors:
		return fmt.Sprintf("only in its own namespace %s (%s ignores namespaceSelectors)", q.Monitor.Namespace, pipeline.PrometheusObject(q.Prometheus))
	case len(by.MatchNames) > 0:
		return "in namespaces " + strings.Join(by.MatchNames, ", ")
	}
	return "only in its own namespace " + q.Monitor.Namespace
}

// Demand is one requirement of the monitor's selector.
type Demand struct {
	Text string
	met  bool
}

// Demands are the requirements of the monitor's selector, and whether the Service
// meets them. prometheus-operator makes relabelings of them, in which values are
// anchored regular expressions, and keys lose what label names of Prometheus
// cannot have; unless selectorMechanism is RoleSelector.
func (q Job) Demands() []Demand {
	by := q.Monitor.Spec.Selector
	exact := ptr.Deref(q.Monitor.Spec.SelectorMechanism, monitoringv1.SelectorMechanismRelabel) == monitoringv1.SelectorMechanismRole
	var out []Demand
	for _, key := range slices.Sorted(maps.Keys(by.MatchLabels)) {
		value := by.MatchLabels[key]
		e := metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpIn, Values: []string{value}}
		out = append(out, Demand{Text: key + "=" + value, met: q.meets(e, exact)})
	}
	for _, e := range by.MatchExpressions {
		one := metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{e}}
		out = append(out, Demand{Text: metav1.FormatLabelSelector(&one), met: q.meets(e, exact)})
	}
	return out
}

func (q Job) meets(e metav1.LabelSelectorRequirement, exact bool) bool {
	if exact {
		selector, err := metav1.LabelSelectorAsSelector(&metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{e}})
		return err == nil && selector.Matches(labels.Set(q.Service.Labels))
	}
	value, has := labelOf(q.Service, e.Key)
	switch e.Operator {
	case metav1.LabelSelectorOpIn:
		return has && q.MatchesAny(e.Values, value)
	case metav1.LabelSelectorOpNotIn:
		return !has || !q.MatchesAny(e.Values, value)
	case metav1.LabelSelectorOpExists:
		return has
	case metav1.LabelSelectorOpDoesNotExist:
		return !has
	}
	return false
}

// MatchesAny reports whether one of the values, as anchored regular
// expressions, matches.
func (q Job) MatchesAny(values []string, have string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return q.matches(v, have) == matchYes })
}

// matches is whether an anchored regular expression matches; that is not known of one that
// is too large.
func (q Job) matches(pattern, have string) Match {
	if plainText(pattern) {
		return matchIf(pattern == have)
	}
	regex, _, err := q.Regexps.Compile(pattern)
	if isTooLarge(err) {
		return MatchUnknown
	}
	return matchIf(err == nil && regex.MatchString(have))
}

// plainText reports whether a regular expression matches nothing but itself.
func plainText(pattern string) bool { return !strings.ContainsAny(pattern, `\.+*?()|[]{}^$`) }

// Unmet are the requirements that the Service does not meet. Of a selector that is too
// large none are known.
func (q Job) Unmet() (unmet []string, met int) {
	if q.selectorTooLarge() != nil {
		return nil, 1
	}
	for _, d := range q.Demands() {
		if d.met {
			met++
		} else {
			unmet = append(unmet, d.Text)
		}
	}
	return unmet, met
}

// MetricsPort is the port of the Service at which Kong Operator serves its
// metrics, by the names and numbers of all ways to install it. ok is false if
// none of several ports is one of these.
func MetricsPort(s pipeline.OperatorService) (port pipeline.ServicePort, ok bool) {
	if len(s.Ports) == 1 {
		return s.Ports[0], true
	}
	for _, is := range []func(pipeline.ServicePort) bool{
		func(p pipeline.ServicePort) bool { return p.Name == "metrics" || p.TargetPort == "metrics" },
		func(p pipeline.ServicePort) bool { return p.Name == "http" && p.Port == 8080 },
		func(p pipeline.ServicePort) bool { return p.Name == "https" && p.Port == 8443 },
		func(p pipeline.ServicePort) bool { return p.Port == 8080 || p.Port == 8443 },
		func(p pipeline.ServicePort) bool { return p.Name == "http" },
		func(p pipeline.ServicePort) bool { return p.Name == "https" },
	} {
		if i := slices.IndexFunc(s.Ports, is); i >= 0 {
			return s.Ports[i], true
		}
	}
	return pipeline.ServicePort{}, false
}

// Match is whether an endpoint of a monitor selects a port.
type Match int

// The matches, the worst first. MatchUnknown is where the Service and the endpoint name
// the port in ways that cannot be compared.
const (
	MatchNo Match = iota
	MatchUnknown
	matchYes
)

func matchIf(b bool) Match {
	if b {
		return matchYes
	}
	return MatchNo
}

// SelectsPort reports whether the endpoint selects the port: `port` is an anchored regular
// expression on the name of the Service's port, and goes before `targetPort`,
// which is the container's name or number; without both every port is selected.
func (q Job) SelectsPort(ep monitoringv1.Endpoint, port pipeline.ServicePort) Match {
	target := ep.TargetPort
	switch {
	case ep.Port != "":
		return q.matches(ep.Port, port.Name)
	case target == nil, target.StrVal == "" && target.IntVal == 0:
		return matchYes
	}
	container := port.TargetPort
	if container == "" || container == "0" {
		container = strconv.Itoa(int(port.Port))
	}
	byNumber := target.Type == intstr.Int || target.StrVal == ""
	_, err := strconv.Atoi(container)
	switch numbered := err == nil; {
	case byNumber:
		if !numbered {
			return MatchUnknown // the number of a port that the Service names
		}
		return matchIf(strconv.Itoa(int(target.IntVal)) == container)
	case numbered:
		return MatchUnknown // the name of a port that the Service numbers
	}
	return q.matches(target.StrVal, container)
}

// PortText is how an endpoint names its port.
func PortText(ep monitoringv1.Endpoint) string {
	switch {
	case ep.Port != "":
		return "port " + strconv.Quote(ep.Port)
	case ep.TargetPort != nil:
		return "targetPort " + ep.TargetPort.String()
	}
	return "no port"
}

// PortsText are the ports of a Service by name.
func PortsText(s pipeline.OperatorService) string {
	if len(s.Ports) == 0 {
		return "no ports"
	}
	var out []string
	for _, p := range s.Ports {
		out = append(out, fmt.Sprintf("%q (%d)", p.Name, p.Port))
	}
	return strings.Join(out, ", ")
}
