package operator

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	yaml "go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// config is the part of Prometheus' configuration that is written.
type config struct {
	Global            global   `yaml:"global"`
	ScrapeConfigFiles []string `yaml:"scrape_config_files,omitempty"`
	ScrapeConfigs     []scrape `yaml:"scrape_configs"`
}

type global struct {
	ScrapeInterval string `yaml:"scrape_interval"`
}

type scrape struct {
	JobName        string         `yaml:"job_name"`
	HonorLabels    bool           `yaml:"honor_labels"`
	ScrapeInterval string         `yaml:"scrape_interval,omitempty"`
	ScrapeTimeout  string         `yaml:"scrape_timeout,omitempty"`
	Scheme         string         `yaml:"scheme"`
	MetricsPath    string         `yaml:"metrics_path"`
	StaticConfigs  []staticConfig `yaml:"static_configs"`
}

type staticConfig struct {
	Targets []string          `yaml:"targets"`
	Labels  map[string]string `yaml:"labels"`
}

// served is a Service with the targets behind it.
type served struct {
	service corev1.Service
	targets []Target
}

// configuration returns the configuration of a Prometheus that scrapes only the Services,
// as the monitors specify, and what is in the file more, unless that is empty.
func configuration(p *monitoringv1.Prometheus, monitors []monitoringv1.ServiceMonitor, services []served, more string) ([]byte, error) {
	c := config{
		Global:        global{ScrapeInterval: cmp.Or(string(p.Spec.ScrapeInterval), "30s")},
		ScrapeConfigs: []scrape{},
	}
	if more != "" {
		c.ScrapeConfigFiles = []string{more}
	}
	for _, m := range monitors {
		for _, s := range services {
			wanted, err := scrapes(p, &m, s)
			if err != nil {
				return nil, fmt.Errorf("read ServiceMonitor %s/%s: %w", m.Namespace, m.Name, err)
			}
			c.ScrapeConfigs = append(c.ScrapeConfigs, wanted...)
		}
	}
	slices.SortFunc(c.ScrapeConfigs, func(a, b scrape) int { return cmp.Compare(a.JobName, b.JobName) })
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(c); err != nil {
		return nil, fmt.Errorf("encode configuration: %w", err)
	}
	return text.Bytes(), nil
}

// scrapes returns the scrape configurations of one monitor for one Service, which no other
// of the Services must share with it: none if the Prometheus does not select the monitor or
// it does not select the Service.
func scrapes(p *monitoringv1.Prometheus, m *monitoringv1.ServiceMonitor, of served) ([]scrape, error) {
	s := &of.service
	if taken, err := selected(p, m); err != nil || !taken {
		return nil, err
	}
	if selected, err := selects(m, s); err != nil || !selected {
		return nil, err
	}
	var wanted []scrape
	for i, e := range m.Spec.Endpoints {
		port, ok := portOf(s, e.Port)
		if !ok {
			continue // prometheus-operator has no target in this case, either
		}
		if err := known(m, e); err != nil {
			return nil, fmt.Errorf("endpoint %d: %w", i, err)
		}
		one := scrape{
			JobName:        fmt.Sprintf("serviceMonitor/%s/%s/%d", m.Namespace, m.Name, i),
			HonorLabels:    e.HonorLabels,
			ScrapeInterval: string(e.Interval),
			ScrapeTimeout:  string(e.ScrapeTimeout),
			Scheme:         "http",
			MetricsPath:    cmp.Or(e.Path, "/metrics"),
		}
		for _, t := range of.targets {
			static := staticConfig{Targets: []string{t.Address}, Labels: map[string]string{
				"namespace": s.Namespace, "service": s.Name, "endpoint": port, "job": s.Name,
			}}
			if t.Pod != "" {
				static.Labels["pod"] = t.Pod
			}
			one.StaticConfigs = append(one.StaticConfigs, static)
		}
		if e.Scheme != nil {
			one.Scheme = e.Scheme.String()
		}
		wanted = append(wanted, one)
	}
	return wanted, nil
}

// selected reports whether the Prometheus selects the monitor. An absent selector selects
// no monitor, or those of its namespace; an empty one selects all.
func selected(p *monitoringv1.Prometheus, m *monitoringv1.ServiceMonitor) (bool, error) {
	switch in := p.Spec.ServiceMonitorNamespaceSelector; {
	case in == nil:
		if m.Namespace != p.Namespace {
			return false, nil
		}
	case len(in.MatchLabels)+len(in.MatchExpressions) > 0:
		return false, fmt.Errorf("spec.serviceMonitorNamespaceSelector of Prometheus %s is not supported by this operator", p.Name)
	}
	return matches(p.Spec.ServiceMonitorSelector, m.Labels)
}

// selects reports whether the monitor selects the Service.
func selects(m *monitoringv1.ServiceMonitor, s *corev1.Service) (bool, error) {
	in := m.Spec.NamespaceSelector
	namespaces := in.MatchNames
	if len(namespaces) == 0 {
		namespaces = []string{m.Namespace}
	}
	if !in.Any && !slices.Contains(namespaces, s.Namespace) {
		return false, nil
	}
	return matches(&m.Spec.Selector, s.Labels)
}

func matches(selector *metav1.LabelSelector, set map[string]string) (bool, error) {
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return false, err
	}
	return s.Matches(labels.Set(set)), nil
}

// portOf finds a port of the Service by its name; a number is treated as a name.
func portOf(s *corev1.Service, name string) (string, bool) {
	i := slices.IndexFunc(s.Spec.Ports, func(p corev1.ServicePort) bool { return p.Name == name })
	return name, i >= 0
}

// known returns an error if the monitor has settings that are not supported here: it
// must not be scraped differently than specified.
func known(m *monitoringv1.ServiceMonitor, e monitoringv1.Endpoint) error {
	spec := m.Spec
	spec.Selector, spec.NamespaceSelector, spec.Endpoints = metav1.LabelSelector{}, monitoringv1.NamespaceSelector{}, nil
	e.Port, e.Path, e.Scheme, e.Interval, e.ScrapeTimeout, e.HonorLabels = "", "", nil, "", "", false
	if !reflect.DeepEqual(spec, monitoringv1.ServiceMonitorSpec{}) || !reflect.DeepEqual(e, monitoringv1.Endpoint{}) {
		return errors.New("it has more settings than port, path, scheme, interval, scrapeTimeout and honorLabels")
	}
	return nil
}
