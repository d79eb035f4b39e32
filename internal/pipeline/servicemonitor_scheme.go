package pipeline

import (
	"fmt"
	"strconv"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/utils/ptr"
)

// serving is how the operator serves its metrics at a port.
type serving struct {
	// scheme is http or https; the likelier one if not known.
	scheme string
	known  bool
	// token: requests need a bearer token, which a proxy before the operator checks.
	token bool
	// why says by what this is known, or why it is not.
	why string
}

// serves tells how the operator serves its metrics. TLS was served by the proxy
// of the chart gateway-operator, until version 1.5 of the operator; the port's
// name https outlived it.
func (s OperatorService) serves(port ServicePort) serving {
	switch {
	case port.Name == "http" || port.Port == 8080:
		return serving{scheme: "http", known: true, why: "the operator's port http serves plain HTTP"}
	case !port.isHTTPS():
		return serving{scheme: "http", why: fmt.Sprintf("port %q is none that an installation of the operator makes", port.Name)}
	case s.Labels["app.kubernetes.io/component"] == "ko":
		return serving{scheme: "http", known: true, why: "the chart kong-operator never serves TLS"}
	}
	version := s.Labels["app.kubernetes.io/version"]
	if old, ok := beforeNoTLS(version); ok {
		if old {
			return serving{scheme: "https", known: true, token: true, why: "version " + version + " of the operator serves TLS and asks for a token"}
		}
		return serving{scheme: "http", known: true, why: "version " + version + " of the operator serves plain HTTP at its port https"}
	}
	if strings.HasSuffix(s.Name, "controller-manager-metrics-service") {
		return serving{scheme: "http", known: true, why: "the operator's kustomization serves plain HTTP at its port https"}
	}
	return serving{scheme: "http", why: "before version 1.5 of the operator port https serves TLS, later plain HTTP, and the Service does not tell the version"}
}

func (p ServicePort) isHTTPS() bool { return p.Name == "https" || p.Port == 8443 }

// beforeNoTLS tells whether a version of the operator is before 1.5.
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

// judgeScheme compares how the endpoint asks with how the operator serves.
func (j *judgement) judgeScheme(endpoint int, scheme string, port ServicePort) {
	q, how := j.scrape, j.service.serves(port)
	ep := q.monitor.Spec.Endpoints[endpoint]
	toScheme := func(m *monitoringv1.ServiceMonitor) {
		e := &m.Spec.Endpoints[endpoint]
		e.Scheme = nil
		if how.scheme == "https" {
			e.Scheme = ptr.To(monitoringv1.Scheme(how.scheme))
		}
	}
	switch {
	case how.known && scheme != how.scheme:
		j.add(ServiceMonitorSchemeMismatch, toScheme, "scrapes by scheme %s, and %s", scheme, how.why)
	case !how.known && (scheme == "https" || port.isHTTPS()):
		j.add(ServiceMonitorSchemeUnknown, nil, "scrapes by scheme %s, and whether that is right is not known: %s", scheme, how.why)
	}
	if !how.token {
		return
	}
	if !q.sendsToken(ep) {
		j.add(ServiceMonitorTokenMissing, func(m *monitoringv1.ServiceMonitor) { withToken(&m.Spec.Endpoints[endpoint]) },
			"sends no bearer token, and %s", how.why)
	}
	if !q.acceptsCertificate(ep) {
		j.add(ServiceMonitorCertificateRefused, func(m *monitoringv1.ServiceMonitor) { withoutVerification(&m.Spec.Endpoints[endpoint]) },
			"verifies the certificate without a CA (tlsConfig), and %s with a self-signed one", how.why)
	}
}

//nolint:staticcheck // bearerTokenFile is deprecated, and what most monitors have
func (q scrape) sendsToken(ep monitoringv1.Endpoint) bool {
	return ep.BearerTokenFile != "" || ep.BearerTokenSecret != nil && ep.BearerTokenSecret.Name != "" ||
		ep.Authorization != nil || ep.OAuth2 != nil || scrapeClass(q.prometheus, q.monitor).Authorization != nil
}

func (q scrape) acceptsCertificate(ep monitoringv1.Endpoint) bool {
	for _, tls := range []*monitoringv1.TLSConfig{ep.TLSConfig, scrapeClass(q.prometheus, q.monitor).TLSConfig} {
		if tls != nil && (ptr.Deref(tls.InsecureSkipVerify, false) || tls.CAFile != "" || tls.CA != (monitoringv1.SecretOrConfigMap{})) {
			return true
		}
	}
	return false
}

func withToken(ep *monitoringv1.Endpoint) {
	//nolint:staticcheck // its successor needs a Secret that nobody has made yet
	ep.BearerTokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token"
}

func withoutVerification(ep *monitoringv1.Endpoint) {
	if ep.TLSConfig == nil {
		ep.TLSConfig = &monitoringv1.TLSConfig{}
	}
	ep.TLSConfig.InsecureSkipVerify = ptr.To(true)
}

// secrets are the Secrets and ConfigMaps that the endpoint takes credentials
// from, by their fields.
//
//nolint:staticcheck // bearerTokenSecret is deprecated, and still read
func (q scrape) secrets(ep monitoringv1.Endpoint) []string {
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

// judgeSecrets finds what the operator looks up and kong-latency does not.
func (j *judgement) judgeSecrets(endpoint int) {
	if fields := j.scrape.secrets(j.scrape.monitor.Spec.Endpoints[endpoint]); len(fields) > 0 {
		j.add(ServiceMonitorSecretUnknown, nil,
			"takes %s from Secrets or ConfigMaps of namespace %s, and whether these exist with their keys is not known",
			strings.Join(fields, ", "), j.scrape.monitor.Namespace)
	}
}
