package sim

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// Step is one relabeling, and where it is.
type Step struct {
	Config *relabel.Config
	Where  string
	// size is that of the program of the regular expression, in instructions.
	size int
}

// The labels under which Prometheus discovers the labels of a Service.
const (
	ServiceLabelMeta        = "__meta_kubernetes_service_label_"
	ServiceLabelPresentMeta = "__meta_kubernetes_service_labelpresent_"
)

// Store returns one exposed series as Prometheus stores it under a target, with the labels
// of which the values are not known. It returns false if the series is dropped.
func Store(exposed adapterconfig.Series, h *Histogram, target *Labels, honor bool, metric []Step) (stored adapterconfig.Series, set *Labels, ok bool) {
	base := maps.Clone(exposed.Labels)
	base[model.MetricNameLabel] = exposed.Name
	set = NewLabels(h, base)
	set.Guessed[h.Replica] = true
	var moved []string
	public := target.Public()
	for _, name := range slices.Sorted(maps.Keys(public)) {
		value := public[name]
		own, exposes := exposed.Labels[name]
		if honor && exposes {
			continue
		}
		if exposes && own != "" {
			moved = append(moved, name)
		}
		set.Set(name, value)
		if target.Guessed[name] {
			set.Guessed[name] = true
		} else {
			delete(set.Guessed, name)
		}
	}
	// The shortest name first, as Prometheus does, then by name.
	slices.SortFunc(moved, func(a, b string) int { return cmp.Or(len(a)-len(b), cmp.Compare(a, b)) })
	for _, name := range moved {
		free := model.ExportedLabelPrefix + name
		for set.Get(free) != "" {
			free = model.ExportedLabelPrefix + free
		}
		set.Set(free, exposed.Labels[name])
	}
	for _, s := range metric {
		if !set.Apply(s) {
			return adapterconfig.Series{}, set, false
		}
	}
	labels := set.Labels().Map()
	name := labels[model.MetricNameLabel]
	delete(labels, model.MetricNameLabel)
	return adapterconfig.Series{Name: name, Labels: labels}, set, name != ""
}

// Public are the labels that a target gives to its series.
func (l *Labels) Public() map[string]string {
	out := l.Labels().Map()
	if out[model.InstanceLabel] == "" {
		out[model.InstanceLabel] = l.Get(model.AddressLabel)
		l.Guessed[model.InstanceLabel] = l.Guessed[model.AddressLabel]
	}
	maps.DeleteFunc(out, func(name, _ string) bool { return strings.HasPrefix(name, model.ReservedLabelPrefix) })
	return out
}
