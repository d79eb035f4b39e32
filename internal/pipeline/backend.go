package pipeline

import (
	"net/url"
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// Backend is what answers at the adapter's --prometheus-url: a Service of the cluster, if
// the URL names one.
type Backend struct {
	// State is Known if it was looked up; Why says why it was not.
	State State
	Why   string
	// Found is false if there is no such Service.
	Found bool
	// Service is the one at the end of all aliases of type ExternalName.
	Service types.NamespacedName
	// Selector is that of the Service; empty if something else decides what is behind it.
	Selector map[string]string
	// External is the name outside of the cluster that it is an alias of; empty if it is
	// none.
	External string
}

// ServiceHost is a Service by its name in the cluster's DNS.
type ServiceHost struct {
	// Pod is set if the name is that of one pod of the Service.
	Pod     string
	Service types.NamespacedName
}

// ServiceHostOf returns the Service that a URL names, if it has the form of such a name. A
// name without a namespace is in the one of whoever uses it.
func ServiceHostOf(address, namespace string) (ServiceHost, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return ServiceHost{}, false
	}
	return ServiceHostNamed(u.Hostname(), namespace)
}

// ServiceHostNamed is ServiceHostOf for the name of a host.
func ServiceHostNamed(host, namespace string) (ServiceHost, bool) {
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	if i := slices.Index(parts, "svc"); i > 0 {
		parts = parts[:i]
	}
	switch len(parts) {
	case 1:
		return ServiceHost{Service: types.NamespacedName{Namespace: namespace, Name: parts[0]}}, namespace != ""
	case 2:
		return ServiceHost{Service: types.NamespacedName{Namespace: parts[1], Name: parts[0]}}, true
	case 3:
		return ServiceHost{Pod: parts[0], Service: types.NamespacedName{Namespace: parts[2], Name: parts[1]}}, true
	}
	return ServiceHost{}, false
}

// PodMonitor is what decides whether a Prometheus scrapes the pods of Kong Operator by a
// PodMonitor.
type PodMonitor struct {
	Namespace, Name string
	Labels          map[string]string
	Namespaces      monitoringv1.NamespaceSelector
	Selector        metav1.LabelSelector
}

// ScrapeConfig is what decides whether a Prometheus uses a ScrapeConfig. What it scrapes is
// not followed.
type ScrapeConfig struct {
	Namespace, Name string
	Labels          map[string]string
}

// RecordingRules are what a PrometheusRule records.
type RecordingRules struct {
	Namespace, Name string
	Labels          map[string]string
	// Records are in the order in which they are evaluated. The expression of one is empty
	// if it is not known.
	Records []sim.Record
}
