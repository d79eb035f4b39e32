package servicemonitor

import (
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/scrape"
)

// judgeScheme compares the requests of the endpoint with how the operator serves.
func (j *judgement) judgeScheme(endpoint int, scheme string, port pipeline.ServicePort) {
	q, how := j.Job, scrape.Serves(j.Service, port)
	ep := q.Monitor.Spec.Endpoints[endpoint]
	toScheme := func(m *monitoringv1.ServiceMonitor) {
		e := &m.Spec.Endpoints[endpoint]
		e.Scheme = nil
		if how.Scheme == "https" {
			e.Scheme = ptr.To(monitoringv1.Scheme(how.Scheme))
		}
	}
	switch {
	case how.Known && scheme != how.Scheme:
		j.add(SchemeMismatch, inEndpoint(endpoint, "scheme"), toScheme, "scrapes by scheme %s, and %s", scheme, how.Why)
	case !how.Known && (scheme == "https" || scrape.IsHTTPS(port)):
		j.add(SchemeUnknown, inEndpoint(endpoint, "scheme"), nil, "scrapes by scheme %s, and whether that is right is not known: %s", scheme, how.Why)
	}
	if !how.Token {
		return
	}
	if !q.SendsToken(ep) {
		j.add(TokenMissing, inEndpoint(endpoint, "authorization"), func(m *monitoringv1.ServiceMonitor) { WithToken(&m.Spec.Endpoints[endpoint]) },
			"sends no bearer token, and %s", how.Why)
	}
	if !q.AcceptsCertificate(ep) {
		j.add(CertificateRefused, inEndpoint(endpoint, "tlsConfig"), func(m *monitoringv1.ServiceMonitor) { WithoutVerification(&m.Spec.Endpoints[endpoint]) },
			"verifies the certificate without a CA (tlsConfig), and %s with a self-signed one", how.Why)
	}
}

// WithToken makes an endpoint send the token of its pod.
func WithToken(ep *monitoringv1.Endpoint) {
	//nolint:staticcheck // its successor needs a Secret that nobody has made yet
	ep.BearerTokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token"
}

// WithoutVerification makes an endpoint accept any certificate.
func WithoutVerification(ep *monitoringv1.Endpoint) {
	if ep.TLSConfig == nil {
		ep.TLSConfig = &monitoringv1.TLSConfig{}
	}
	ep.TLSConfig.InsecureSkipVerify = ptr.To(true)
}

// judgeSecrets finds what the operator looks up and kong-latency does not.
func (j *judgement) judgeSecrets(endpoint int) {
	if fields := j.Job.Secrets(j.Job.Monitor.Spec.Endpoints[endpoint]); len(fields) > 0 {
		j.add(SecretUnknown, inEndpoint(endpoint, fields[0]), nil,
			"reads %s from Secrets or ConfigMaps of namespace %s, and whether these exist with their keys is not known",
			strings.Join(fields, ", "), j.Job.Monitor.Namespace)
	}
}
