package scrape

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/relabel"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// defaultInterval is the scrape interval of a Prometheus object that names none.
const defaultInterval = "30s"

// Mistake is something in a monitor that prometheus-operator or Prometheus refuses.
type Mistake struct {
	Field finding.Path
	err   error
}

// String is the mistake with its field.
func (m *Mistake) String() string { return fmt.Sprintf("%s: %v", m.Field, m.err) }

// in is the mistake as one of an outer field.
func (m *Mistake) in(steps ...any) *Mistake {
	if m == nil {
		return nil
	}
	return &Mistake{finding.NewPath(append(steps, m.Field)...), m.err}
}

func mistakeAt(err error, steps ...any) *Mistake { return &Mistake{finding.NewPath(steps...), err} }

// Rejection is why prometheus-operator refuses the whole monitor; nil if it does
// not. Any endpoint can be the reason, also one that is not the operator's. Secrets
// are not looked up. The monitor must not be TooLarge.
func (q Job) Rejection() *Mistake {
	spec := q.Monitor.Spec
	if _, err := metav1.LabelSelectorAsSelector(&spec.Selector); err != nil {
		return mistakeAt(err, "spec", "selector")
	}
	for i := range spec.Endpoints {
		if m := q.endpointRejection(&spec.Endpoints[i]); m != nil {
			return m.in("spec", "endpoints", i)
		}
	}
	if name := ptr.Deref(spec.ScrapeClassName, ""); name != "" && q.Prometheus != nil && q.scrapeClass().Name != name {
		return mistakeAt(fmt.Errorf("%s has no scrape class %q", pipeline.PrometheusObject(q.Prometheus), name), "spec", "scrapeClass")
	}
	return nil
}

func (q Job) endpointRejection(ep *monitoringv1.Endpoint) *Mistake {
	if q.General().ArbitraryFSAccessThroughSMs.Deny {
		if field := fileField(ep); len(field) > 0 {
			return mistakeAt(fmt.Errorf("%s does not let monitors read files (arbitraryFSAccessThroughSMs)", pipeline.PrometheusObject(q.Prometheus)), field)
		}
	}
	if err := ep.Validate(); err != nil {
		return mistakeAt(err)
	}
	if m := q.TimeoutRejection(ep); m != nil {
		return m
	}
	if i, err := q.relabelingRejection(ep.RelabelConfigs); err != nil {
		return mistakeAt(err, "relabelings", i)
	}
	if i, err := q.relabelingRejection(ep.MetricRelabelConfigs); err != nil {
		return mistakeAt(err, "metricRelabelings", i)
	}
	return nil
}

// relabelingRejection is why prometheus-operator refuses one of the relabelings: it does so
// for what Prometheus refuses, and before version 3 also for a reference to a group in
// targetLabel.
func (q Job) relabelingRejection(list []monitoringv1.RelabelConfig) (index int, err error) {
	steps, i, err := sim.Compile(list, q.labelNames(), q.Regexps)
	if err != nil {
		return i, err
	}
	for i, s := range steps {
		if target := s.Config.TargetLabel; s.Config.Action == relabel.Replace && !q.labelNames().IsValidLabelName(target) {
			return i, fmt.Errorf("%q is no name of a label", target)
		}
	}
	return 0, nil
}

// fileField is the first field by which an endpoint reads a file.
func fileField(ep *monitoringv1.Endpoint) finding.Path {
	tls := ptr.Deref(ep.TLSConfig, monitoringv1.TLSConfig{})
	switch {
	case ep.BearerTokenFile != "": //nolint:staticcheck // deprecated, and what most monitors have
		return finding.NewPath("bearerTokenFile")
	case tls.CAFile != "":
		return finding.NewPath("tlsConfig", "caFile")
	case tls.CertFile != "":
		return finding.NewPath("tlsConfig", "certFile")
	case tls.KeyFile != "":
		return finding.NewPath("tlsConfig", "keyFile")
	}
	return nil
}

// TimeoutRejection is why prometheus-operator refuses the interval or the timeout of an endpoint; nil if it does not.
func (q Job) TimeoutRejection(ep *monitoringv1.Endpoint) *Mistake {
	if ep.Interval != "" {
		if _, err := model.ParseDuration(string(ep.Interval)); err != nil {
			return mistakeAt(err, "interval")
		}
	}
	if ep.ScrapeTimeout == "" {
		return nil
	}
	timeout, err := model.ParseDuration(string(ep.ScrapeTimeout))
	if err != nil {
		return mistakeAt(err, "scrapeTimeout")
	}
	// Here 0s is not the Prometheus' own interval, as it is to Prometheus, but shorter than any.
	interval, err := model.ParseDuration(cmp.Or(string(ep.Interval), q.generalInterval()))
	if err == nil && timeout > interval {
		return mistakeAt(fmt.Errorf("%s is longer than the interval of %s", ep.ScrapeTimeout, interval), "scrapeTimeout")
	}
	return nil
}

// interval is the endpoint's, or the Prometheus' own; empty if that is not known.
func (q Job) interval(endpoint int) string {
	own := string(q.Monitor.Spec.Endpoints[endpoint].Interval)
	if d, err := model.ParseDuration(own); err == nil && d > 0 {
		return own
	}
	return q.generalInterval()
}

// Period is an interval as a time; known is false if it is neither said nor the
// Prometheus known whose default it is.
func (q Job) Period(interval string) (d time.Duration, known bool) {
	for _, text := range []string{interval, q.generalInterval()} {
		if parsed, err := model.ParseDuration(text); err == nil && parsed > 0 {
			return time.Duration(parsed), true
		}
	}
	return 0, false
}

func (q Job) generalInterval() string {
	if q.Prometheus == nil {
		return ""
	}
	return cmp.Or(string(q.Prometheus.Spec.ScrapeInterval), defaultInterval)
}

// MayBeRefused reports whether Refusal needs to be looked for, which few monitors are to be
// suspected of.
func (q Job) MayBeRefused() bool {
	return slices.ContainsFunc(q.Monitor.Spec.Endpoints, func(ep monitoringv1.Endpoint) bool {
		return !plainText(ep.Port) || BesideTokenFile(&ep) != "" ||
			slices.ContainsFunc(ep.RelabelConfigs, ComparesByRegex) || slices.ContainsFunc(ep.MetricRelabelConfigs, ComparesByRegex)
	})
}

// Refusal is why Prometheus refuses its entire configuration because of a monitor
// that prometheus-operator accepts: it does not compare bearerTokenFile with the
// other ways to authenticate, does not compile the port, and treats the default
// regular expression as none. The monitor must not be TooLarge.
func (q Job) Refusal() *Mistake {
	for i := range q.Monitor.Spec.Endpoints {
		ep := &q.Monitor.Spec.Endpoints[i]
		if other := BesideTokenFile(ep); other != "" {
			return mistakeAt(fmt.Errorf("cannot be set together with %s", other), "spec", "endpoints", i, "bearerTokenFile")
		}
		for _, list := range []struct {
			field string
			of    []monitoringv1.RelabelConfig
		}{{"relabelings", ep.RelabelConfigs}, {"metricRelabelings", ep.MetricRelabelConfigs}} {
			if k := slices.IndexFunc(list.of, ComparesByRegex); k >= 0 {
				return mistakeAt(fmt.Errorf("cannot be set for the action %s", list.of[k].Action), "spec", "endpoints", i, list.field, k, "regex")
			}
		}
		if plainText(ep.Port) {
			continue
		}
		if _, _, err := q.Regexps.Compile(ep.Port); err != nil {
			return mistakeAt(fmt.Errorf("not a regular expression: %w", err), "spec", "endpoints", i, "port")
		}
	}
	return nil
}

// ComparesByRegex reports whether a relabeling that compares two labels has a regular
// expression, which it cannot.
func ComparesByRegex(c monitoringv1.RelabelConfig) bool {
	action := relabel.Action(strings.ToLower(c.Action))
	return (action == relabel.KeepEqual || action == relabel.DropEqual) && c.Regex != ""
}

// BesideTokenFile is the other way to authenticate of an endpoint with
// bearerTokenFile; empty if there is none.
//
//nolint:staticcheck // bearerTokenFile is deprecated, and what most monitors have
func BesideTokenFile(ep *monitoringv1.Endpoint) string {
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
