package scraping

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	yaml "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// config is what is read of a configuration of prometheus-operator.
type config struct {
	Global struct {
		Interval string `yaml:"scrape_interval"`
		Convert  bool   `yaml:"convert_classic_histograms_to_nhcb"`
		Classic  bool   `yaml:"always_scrape_classic_histograms"`
	} `yaml:"global"`
	Nodes []yaml.Node `yaml:"scrape_configs"`

	jobs map[string]*job
	// refused is what Prometheus' relabeling does not accept, by job.
	refused map[string]error
}

// job is one scrape configuration.
type job struct {
	Name      string `yaml:"job_name"`
	Honor     bool   `yaml:"honor_labels"`
	Interval  string `yaml:"scrape_interval"`
	Path      string `yaml:"metrics_path"`
	Scheme    string `yaml:"scheme"`
	Convert   *bool  `yaml:"convert_classic_histograms_to_nhcb"`
	Classic   *bool  `yaml:"always_scrape_classic_histograms"`
	Discovers []struct {
		Role       string `yaml:"role"`
		Namespaces struct {
			Names []string `yaml:"names"`
		} `yaml:"namespaces"`
		Selectors []struct {
			Label string `yaml:"label"`
		} `yaml:"selectors"`
	} `yaml:"kubernetes_sd_configs"`
	Relabelings []*relabel.Config `yaml:"relabel_configs"`
	Metric      []*relabel.Config `yaml:"metric_relabel_configs"`
}

func read(text []byte, names model.ValidationScheme) (*config, error) {
	c := &config{jobs: map[string]*job{}, refused: map[string]error{}}
	if err := yaml.Unmarshal(text, c); err != nil {
		return nil, err
	}
	for _, node := range c.Nodes {
		var named struct {
			Name string `yaml:"job_name"`
		}
		if err := node.Decode(&named); err != nil {
			return nil, err
		}
		j := &job{}
		err := node.Decode(j)
		for _, r := range slices.Concat(j.Relabelings, j.Metric) {
			if err == nil {
				err = r.Validate(names)
			}
		}
		if err != nil {
			c.refused[named.Name] = err
		}
		j.Interval, j.Path, j.Scheme = cmp.Or(j.Interval, c.Global.Interval), cmp.Or(j.Path, "/metrics"), cmp.Or(j.Scheme, "http")
		if d, err := model.ParseDuration(j.Interval); err == nil && d == 0 {
			j.Interval = c.Global.Interval
		}
		if j.Convert == nil {
			j.Convert = &c.Global.Convert
		}
		if j.Classic == nil {
			j.Classic = &c.Global.Classic
		}
		c.jobs[named.Name] = j
	}
	return c, nil
}

// has reports whether there is a job of an object.
func (c *config) has(kind, namespace, name string) bool {
	_, ok := c.jobs[fmt.Sprintf("%s/%s/%s/0", kind, namespace, name)]
	return ok
}

// candidates are the targets that the job discovers, of objects with labels.
func (j *job) candidates(all discovered, of func(target map[string]string) (namespace string, set labels.Set, ok bool)) []map[string]string {
	d := j.Discovers[0]
	var out []map[string]string
	for _, target := range all[d.Role] {
		namespace, set, ok := of(target)
		if !ok || len(d.Namespaces.Names) > 0 && !slices.Contains(d.Namespaces.Names, namespace) {
			continue
		}
		if !slices.ContainsFunc(d.Selectors, func(s struct {
			Label string `yaml:"label"`
		}) bool {
			by, err := labels.Parse(s.Label)
			return err != nil || !by.Matches(set)
		}) {
			out = append(out, target)
		}
	}
	return out
}

// scraped is a target after relabeling.
type scraped struct {
	scheme, path, interval string
	labels                 map[string]string
}

// target relabels a discovered target as Prometheus does; nil if it is not scraped.
func (j *job) target(labels map[string]string) *scraped {
	b := promlabels.NewBuilder(promlabels.FromMap(labels))
	b.Set(model.JobLabel, j.Name)
	b.Set(model.SchemeLabel, j.Scheme)
	b.Set(model.MetricsPathLabel, j.Path)
	b.Set(model.ScrapeIntervalLabel, j.Interval)
	if !relabel.ProcessBuilder(b, j.Relabelings...) || b.Get(model.AddressLabel) == "" {
		return nil
	}
	interval := b.Get(model.ScrapeIntervalLabel)
	if d, err := model.ParseDuration(interval); err != nil || time.Duration(d) == 0 {
		return nil
	}
	if b.Get(model.InstanceLabel) == "" {
		b.Set(model.InstanceLabel, b.Get(model.AddressLabel))
	}
	out := &scraped{scheme: b.Get(model.SchemeLabel), path: b.Get(model.MetricsPathLabel), interval: interval, labels: b.Labels().Map()}
	maps.DeleteFunc(out.labels, func(name, _ string) bool { return strings.HasPrefix(name, model.ReservedLabelPrefix) })
	return out
}

// store is what of a histogram is stored under a target.
func (j *job) store(t *scraped, h *pipeline.Histogram) []map[string]string {
	var exposed []map[string]string
	add := func(name string, more ...string) {
		labels := maps.Clone(h.Labels)
		labels[model.MetricNameLabel], labels[h.Replica] = name, "https://replica"
		for i := 0; i < len(more); i += 2 {
			labels[more[i]] = more[i+1]
		}
		exposed = append(exposed, labels)
	}
	if !*j.Convert || *j.Classic {
		add(h.Name+"_bucket", "le", "+Inf")
		add(h.Name + "_count")
		add(h.Name + "_sum")
	}
	if *j.Convert {
		add(h.Name)
	}
	var out []map[string]string
	for _, labels := range exposed {
		if stored := j.sample(t, promlabels.FromMap(labels)); stored[model.MetricNameLabel] != "" {
			out = append(out, stored)
		}
	}
	return out
}

// sample are the labels of a sample, as Prometheus' scrape loop makes them.
func (j *job) sample(t *scraped, exposed promlabels.Labels) map[string]string {
	b := promlabels.NewBuilder(exposed)
	var conflicts []promlabels.Label
	promlabels.FromMap(t.labels).Range(func(l promlabels.Label) {
		if j.Honor {
			if !exposed.Has(l.Name) {
				b.Set(l.Name, l.Value)
			}
			return
		}
		if value := exposed.Get(l.Name); value != "" {
			conflicts = append(conflicts, promlabels.Label{Name: l.Name, Value: value})
		}
		b.Set(l.Name, l.Value)
	})
	slices.SortStableFunc(conflicts, func(a, b promlabels.Label) int { return len(a.Name) - len(b.Name) })
	for _, l := range conflicts {
		name := model.ExportedLabelPrefix + l.Name
		for b.Get(name) != "" {
			name = model.ExportedLabelPrefix + name
		}
		b.Set(name, l.Value)
	}
	if !relabel.ProcessBuilder(b, j.Metric...) {
		return nil
	}
	return b.Labels().Map()
}
