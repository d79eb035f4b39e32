package scrape

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// Serving is how the operator serves its metrics at a port.
type Serving struct {
	// Scheme is http or https; the likelier one if not known.
	Scheme string
	Known  bool
	// Token: requests need a bearer token, which a proxy before the operator checks.
	Token bool
	// Why says by what this is known, or why it is not.
	Why string
}

// Serves returns how the operator serves its metrics. TLS was served by the proxy
// of the chart gateway-operator, until version 1.5 of the operator; the port's
// name https outlived it.
func Serves(s pipeline.OperatorService, port pipeline.ServicePort) Serving {
	switch {
	case port.Name == "http" || port.Port == 8080:
		return Serving{Scheme: "http", Known: true, Why: "the operator's port http serves plain HTTP"}
	case !IsHTTPS(port):
		return Serving{Scheme: "http", Why: fmt.Sprintf("port %q is none that an installation of the operator makes", port.Name)}
	case s.Labels["app.kubernetes.io/component"] == "ko":
		return Serving{Scheme: "http", Known: true, Why: "the chart kong-operator never serves TLS"}
	}
	version := s.Labels["app.kubernetes.io/version"]
	if old, ok := beforeNoTLS(version); ok {
		if old {
			return Serving{Scheme: "https", Known: true, Token: true, Why: "version " + version + " of the operator serves TLS and requires a token"}
		}
		return Serving{Scheme: "http", Known: true, Why: "version " + version + " of the operator serves plain HTTP at its port https"}
	}
	if strings.HasSuffix(s.Name, "controller-manager-metrics-service") {
		return Serving{Scheme: "http", Known: true, Why: "the operator's kustomization serves plain HTTP at its port https"}
	}
	return Serving{Scheme: "http", Why: "before version 1.5 of the operator port https serves TLS, later plain HTTP, and the Service does not show the version"}
}

// IsHTTPS reports whether the port has the name or the number of the operator's port https.
func IsHTTPS(p pipeline.ServicePort) bool { return p.Name == "https" || p.Port == 8443 }

// beforeNoTLS reports whether a version of the operator is before 1.5.
func beforeNoTLS(version string) (old, ok bool) {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) < 2 {
		return false, false
	}
	major, err := strconv.Atoi(parts[0])
	if err != nil {
		return false, false
	}
	minor, err := strconv.Atoi(parts[1])
	if err != nil {
		return false, false
	}
	return major < 1 || major == 1 && minor < 5, true
}

// MetricsPath is where Kong Operator serves its metrics.
const MetricsPath = "/metrics"

// SendsToken reports whether requests of the endpoint carry credentials.
//
//nolint:staticcheck // bearerTokenFile is deprecated, and what most monitors have
func (q Job) SendsToken(ep monitoringv1.Endpoint) bool {
	return ep.BearerTokenFile != "" || ep.BearerTokenSecret != nil && ep.BearerTokenSecret.Name != "" ||
		ep.Authorization != nil || ep.OAuth2 != nil || q.scrapeClass().Authorization != nil
}

// AcceptsCertificate reports whether the endpoint accepts a self-signed certificate.
func (q Job) AcceptsCertificate(ep monitoringv1.Endpoint) bool {
	for _, tls := range []*monitoringv1.TLSConfig{ep.TLSConfig, q.scrapeClass().TLSConfig} {
		if tls != nil && (ptr.Deref(tls.InsecureSkipVerify, false) || tls.CAFile != "" || tls.CA != (monitoringv1.SecretOrConfigMap{})) {
			return true
		}
	}
	return false
}

// Secrets are the Secrets and ConfigMaps that the endpoint reads credentials
// from, by their fields.
//
//nolint:staticcheck // bearerTokenSecret is deprecated, and still read
func (q Job) Secrets(ep monitoringv1.Endpoint) []string {
	var out []string
	add := func(field string, is bool) {
		if is {
			out = append(out, field)
		}
	}
	add("authorization", ep.Authorization != nil)
	add("basicAuth", ep.BasicAuth != nil)
	add("oauth2", ep.OAuth2 != nil)
	add("bearerTokenSecret", ep.BearerTokenSecret != nil && ep.BearerTokenSecret.Name != "")
	if tls := ep.TLSConfig; tls != nil {
		none := monitoringv1.SecretOrConfigMap{}
		add("tlsConfig", tls.CA != none || tls.Cert != none || tls.KeySecret != nil)
	}
	add("proxyConnectHeader", len(ep.ProxyConnectHeader) > 0)
	return out
}

// StableLabels are the labels to select the Service by: those that say what it is,
// or, if it has none of them, all that no upgrade changes.
func StableLabels(s pipeline.OperatorService) map[string]string {
	out := map[string]string{}
	for _, name := range []string{"control-plane", "app.kubernetes.io/component", "app.kubernetes.io/name", "app.kubernetes.io/instance"} {
		if value := s.Labels[name]; value != "" {
			out[name] = value
		}
	}
	if len(out) == 0 {
		maps.Copy(out, s.Labels)
		delete(out, "helm.sh/chart")
		delete(out, "app.kubernetes.io/version")
		delete(out, "app.kubernetes.io/managed-by")
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
