package files

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/cluster/discover"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// adapter is the prometheus-adapter of the files: the ConfigMap that is named, or
// else the one that a Deployment runs it with, or else the only one that looks like
// its configuration.
func (m *contents) adapter() pipeline.Adapter {
	processes := m.adapterProcesses()
	at, running, err := m.adapterConfig(processes)
	if err != nil {
		return pipeline.Adapter{State: pipeline.Unreadable, Why: err.Error()}
	}
	out := pipeline.Adapter{ConfigMap: at.Object(), Key: at.Key}
	if running != nil {
		out.Deployment, out.PrometheusURL = running.Owner, running.PrometheusURL
		out.Backend = discover.Backend(running.PrometheusURL, running.Owner.Namespace, m.inFiles)
	}
	cm := m.configMap(at)
	if cm == nil {
		out.State, out.Why = pipeline.Unreadable, notInFiles
		return out
	}
	text, ok := discover.Content(cm, at.Key)
	if !ok {
		out.State, out.Why = pipeline.Unreadable, "it has no key "+at.Key
		return out
	}
	config, err := adapterconfig.Parse([]byte(text), adapterconfig.CoreResources)
	if large := adapterconfig.TooLarge(err); large != nil {
		out.State, out.Why = pipeline.Unreadable, large.Error()
		return out
	}
	if perhapsCustom(err) {
		out.State, out.Why = pipeline.Unreadable, "it names resources, and files do not show whether a cluster has them"
		return out
	}
	if err == nil && running != nil {
		if err = running.CheckIntervals(config); err != nil {
			config = nil
		}
	}
	out.State, out.Document, out.Config, out.ParseError = pipeline.Known, text, config, err
	out.HelmRelease = discover.HelmRelease(cm)
	return out
}

// adapterProcesses are the Deployments that run prometheus-adapter.
func (m *contents) adapterProcesses() []discover.Process {
	is := ofKind(appsv1.GroupName, "Deployment")
	var out []discover.Process
	for _, u := range m.objects {
		if !is(u) {
			continue
		}
		var d appsv1.Deployment
		if convert.Typed(u, &d) != nil {
			continue // reported where Deployments are read
		}
		if p, ok := discover.ProcessOf(&d); ok {
			out = append(out, p)
		}
	}
	return out
}

// adapterConfig is where the configuration is, and what runs with it, if that is
// in the files. The error is a clause to show to users.
func (m *contents) adapterConfig(processes []discover.Process) (discover.ConfigMapKey, *discover.Process, error) {
	var at discover.ConfigMapKey
	var candidates []discover.ConfigMapKey
	switch named := m.places.Adapter; {
	case named.Name.Name != "":
		candidates = []discover.ConfigMapKey{named.OrDefault()}
	case len(processes) > 0:
		for _, p := range m.behindAPI(processes) {
			key, err := p.ConfigMap()
			if err != nil {
				return at, nil, err
			}
			candidates = append(candidates, key)
		}
	default:
		candidates = m.adapterLookalikes()
	}
	switch len(candidates) {
	case 0:
		return at, nil, errors.New(notInFiles)
	case 1:
		at = candidates[0]
	default:
		return at, nil, fmt.Errorf("the files have %d configurations of it", len(candidates))
	}
	i := slices.IndexFunc(processes, func(p discover.Process) bool {
		key, err := p.ConfigMap()
		return err == nil && key == at
	})
	if i < 0 {
		return at, nil, nil
	}
	return at, &processes[i], nil
}

// behindAPI is, of several processes, those that the APIService forwards to; all of them if
// that is not known.
func (m *contents) behindAPI(processes []discover.Process) []discover.Process {
	api := m.metricsAPI()
	if len(processes) < 2 || !api.Registered {
		return processes
	}
	service := m.service(types.NamespacedName{Namespace: api.ServiceNamespace, Name: api.ServiceName})
	var out []discover.Process
	for _, p := range processes {
		if p.Owner.Namespace == api.ServiceNamespace && (service == nil || p.SelectedBy(service)) {
			out = append(out, p)
		}
	}
	if len(out) == 0 {
		return processes
	}
	return out
}

// inFiles is the Service of that name. Of others it is not known whether they exist.
func (m *contents) inFiles(name types.NamespacedName) (*corev1.Service, error) {
	if s := m.service(name); s != nil {
		return s, nil
	}
	return nil, errors.New(notInFiles)
}

// service is the Service of that name, or nil.
func (m *contents) service(name types.NamespacedName) *corev1.Service {
	is := ofKind("", "Service")
	for _, u := range slices.Backward(m.objects) {
		if !is(u) || client.ObjectKeyFromObject(u) != name {
			continue
		}
		var s corev1.Service
		if convert.Typed(u, &s) == nil { // otherwise reported where Services are read
			return &s
		}
	}
	return nil
}

// adapterLookalikes are the keys of ConfigMaps that look like its configuration.
func (m *contents) adapterLookalikes() []discover.ConfigMapKey {
	is := ofKind("", "ConfigMap")
	var out []discover.ConfigMapKey
	for _, u := range m.objects {
		if !is(u) {
			continue
		}
		data, _, _ := unstructured.NestedStringMap(u.Object, "data")
		for key, text := range data {
			if looksLikeRules(text) {
				out = append(out, discover.ConfigMapKey{Name: client.ObjectKeyFromObject(u), Key: key})
			}
		}
	}
	return out
}

// looksLikeRules reports whether a text is a configuration of prometheus-adapter, be
// it one that cannot be parsed.
func looksLikeRules(text string) bool {
	if !strings.Contains(text, "seriesQuery") {
		return false
	}
	var config struct {
		Rules []struct {
			SeriesQuery string `json:"seriesQuery"`
		} `json:"rules"`
	}
	if yaml.Unmarshal([]byte(text), &config) != nil {
		return strings.Contains(text, "metricsQuery")
	}
	return len(config.Rules) > 0 && config.Rules[0].SeriesQuery != ""
}

func (m *contents) configMap(at discover.ConfigMapKey) *corev1.ConfigMap {
	is := ofKind("", "ConfigMap")
	for _, u := range slices.Backward(m.objects) {
		if !is(u) || client.ObjectKeyFromObject(u) != at.Name {
			continue
		}
		var cm corev1.ConfigMap
		if err := convert.Typed(u, &cm); err != nil {
			m.errs = append(m.errs, objectError{u, err})
			return nil
		}
		return &cm
	}
	return nil
}

// shortNames are those by which kubectl knows resources, and the adapter does not.
var shortNames = []string{"svc", "ns", "po", "deploy", "no", "ep", "cm", "rs", "sts", "ds"}

// perhapsCustom reports whether a configuration is refused only for resources that a
// cluster may have as custom resources. It cannot have those that are called as a
// short name, or are in a group without a dot.
func perhapsCustom(err error) bool {
	var errs adapterconfig.Errors
	if !errors.As(err, &errs) {
		return false
	}
	for _, e := range errs {
		_, group, _ := strings.Cut(e.Value, ".")
		if e.Kind != adapterconfig.ErrorResource || e.Value == "" || slices.Contains(shortNames, e.Value) ||
			group != "" && !strings.Contains(group, ".") {
			return false
		}
	}
	return true
}
