package pipeline

import (
	"cmp"
	"fmt"
	"regexp"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/relabel"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// defaultInterval is the scrape interval of a Prometheus object that names none.
const defaultInterval = "30s"

// rejection is why prometheus-operator refuses the whole monitor; nil if it does
// not. Any endpoint can be the reason, also one that is not the operator's. Secrets
// are not looked up.
func (q scrape) rejection() error {
	spec := q.monitor.Spec
	if _, err := metav1.LabelSelectorAsSelector(&spec.Selector); err != nil {
		return fmt.Errorf("selector: %w", err)
	}
	for i := range spec.Endpoints {
		if err := q.endpointRejection(&spec.Endpoints[i]); err != nil {
			return fmt.Errorf("endpoints[%d].%w", i, err)
		}
	}
	if name := ptr.Deref(spec.ScrapeClassName, ""); name != "" && q.prometheus != nil && scrapeClass(q.prometheus, q.monitor).Name != name {
		return fmt.Errorf("scrapeClass: %s has no scrape class %q", scrapeObject(q.prometheus), name)
	}
	return nil
}

func (q scrape) endpointRejection(ep *monitoringv1.Endpoint) error {
	if q.prometheus != nil && q.prometheus.Spec.ArbitraryFSAccessThroughSMs.Deny {
		if field := fileField(ep); field != "" {
			return fmt.Errorf("%s: %s denies monitors the use of files (arbitraryFSAccessThroughSMs)", field, scrapeObject(q.prometheus))
		}
	}
	if err := ep.Validate(); err != nil {
		return err
	}
	if err := q.timeoutRejection(ep); err != nil {
		return err
	}
	if _, err := compileRelabelings(ep.RelabelConfigs, labelNames(q.prometheus)); err != nil {
		return fmt.Errorf("relabelings%w", err)
	}
	if _, err := compileRelabelings(ep.MetricRelabelConfigs, labelNames(q.prometheus)); err != nil {
		return fmt.Errorf("metricRelabelings%w", err)
	}
	return nil
}

// fileField is the first field by which an endpoint reads a file.
func fileField(ep *monitoringv1.Endpoint) string {
	tls := ptr.Deref(ep.TLSConfig, monitoringv1.TLSConfig{})
	switch {
	case ep.BearerTokenFile != "": //nolint:staticcheck // deprecated, and what most monitors have
		return "bearerTokenFile"
	case tls.CAFile != "":
		return "tlsConfig.caFile"
	case tls.CertFile != "":
		return "tlsConfig.certFile"
	case tls.KeyFile != "":
		return "tlsConfig.keyFile"
	}
	return ""
}

func (q scrape) timeoutRejection(ep *monitoringv1.Endpoint) error {
	if ep.Interval != "" {
		if _, err := model.ParseDuration(string(ep.Interval)); err != nil {
			return fmt.Errorf("interval: %w", err)
		}
	}
	if ep.ScrapeTimeout == "" {
		return nil
	}
	timeout, err := model.ParseDuration(string(ep.ScrapeTimeout))
	if err != nil {
		return fmt.Errorf("scrapeTimeout: %w", err)
	}
	interval, known := q.period(string(ep.Interval))
	if known && time.Duration(timeout) > interval {
		return fmt.Errorf("scrapeTimeout: %s is longer than the interval of %s", ep.ScrapeTimeout, model.Duration(interval))
	}
	return nil
}

// interval is the endpoint's, or the Prometheus' own; empty if that is not known.
func (q scrape) interval(endpoint int) string {
	own := string(q.monitor.Spec.Endpoints[endpoint].Interval)
	if d, err := model.ParseDuration(own); err == nil && d > 0 {
		return own
	}
	if q.prometheus == nil {
		return ""
	}
	return cmp.Or(string(q.prometheus.Spec.ScrapeInterval), defaultInterval)
}

// period is an interval as a time; known is false if it is neither said nor the
// Prometheus known whose default it is.
func (q scrape) period(interval string) (d time.Duration, known bool) {
	for _, text := range []string{interval, q.generalInterval()} {
		if parsed, err := model.ParseDuration(text); err == nil && parsed > 0 {
			return time.Duration(parsed), true
		}
	}
	return 0, false
}

func (q scrape) generalInterval() string {
	if q.prometheus == nil {
		return ""
	}
	return cmp.Or(string(q.prometheus.Spec.ScrapeInterval), defaultInterval)
}

// refusal is why Prometheus refuses its entire configuration because of a monitor
// that prometheus-operator accepts: it does not compare bearerTokenFile with the
// other ways to authenticate, and does not compile the port.
func (q scrape) refusal() error {
	for i := range q.monitor.Spec.Endpoints {
		ep := &q.monitor.Spec.Endpoints[i]
		if other := besideTokenFile(ep); other != "" {
			return fmt.Errorf("endpoints[%d] has both bearerTokenFile and %s", i, other)
		}
		if plainText(ep.Port) {
			continue
		}
		if _, err := relabel.NewRegexp(ep.Port); err != nil {
			return fmt.Errorf("endpoints[%d].port is not a regular expression: %w", i, err)
		}
	}
	return nil
}

// besideTokenFile is the other way to authenticate of an endpoint with
// bearerTokenFile; empty if there is none.
//
//nolint:staticcheck // bearerTokenFile is deprecated, and what most monitors have
func besideTokenFile(ep *monitoringv1.Endpoint) string {
	switch {
	case ep.BearerTokenFile == "":
		return ""
	case ep.Authorization != nil:
		return "authorization"
	case ep.BasicAuth != nil:
		return "basicAuth"
	case ep.OAuth2 != nil:
		return "oauth2"
	case ep.BearerTokenSecret != nil && ep.BearerTokenSecret.Name != "":
		return "bearerTokenSecret"
	}
	return ""
}

// judgeValidity finds why prometheus-operator or Prometheus would refuse the monitor.
func (j *judgement) judgeValidity() {
	if err := j.rejection(); err != nil {
		j.add(ServiceMonitorRejected, j.unreject, "is refused by prometheus-operator: %v", err)
		return
	}
	if err := j.refusal(); err != nil {
		j.add(PrometheusConfigRefused, unrefuse, "makes Prometheus refuse its entire configuration, so that no scrape changes any more: %v", err)
	}
}

// unrefuse takes out what Prometheus refuses. Of two ways to authenticate the one
// stays that is not deprecated; a port becomes the name that it must have meant.
func unrefuse(m *monitoringv1.ServiceMonitor) {
	for i := range m.Spec.Endpoints {
		ep := &m.Spec.Endpoints[i]
		if besideTokenFile(ep) != "" {
			ep.BearerTokenFile = "" //nolint:staticcheck // deprecated, and what most monitors have
		}
		if _, err := relabel.NewRegexp(ep.Port); err != nil {
			ep.Port = regexp.QuoteMeta(ep.Port)
		}
	}
}

// unreject takes out what prometheus-operator refuses and the operator's metrics
// can do without. What else is wrong remains.
func (j *judgement) unreject(m *monitoringv1.ServiceMonitor) {
	q := j.scrape
	q.monitor = m
	for i := range m.Spec.Endpoints {
		ep := &m.Spec.Endpoints[i]
		if q.prometheus != nil && q.prometheus.Spec.ArbitraryFSAccessThroughSMs.Deny {
			ep.BearerTokenFile = "" //nolint:staticcheck // deprecated, and what most monitors have
			if ep.TLSConfig != nil {
				ep.TLSConfig.TLSFilesConfig = monitoringv1.TLSFilesConfig{}
			}
		}
		if q.timeoutRejection(ep) != nil {
			ep.ScrapeTimeout = ""
		}
	}
}
