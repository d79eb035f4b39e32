package adapterconfig

import "github.com/prometheus/common/model"

// document is the adapter's configuration file, field for field.
type document struct {
	Rules         []RuleSpec     `yaml:"rules"`
	ResourceRules *resourceRules `yaml:"resourceRules"`
	ExternalRules []RuleSpec     `yaml:"externalRules"`
}

// RuleSpec is one entry of rules or externalRules, as written.
type RuleSpec struct {
	// SeriesQuery is one PromQL series selector; there is no default.
	SeriesQuery string `yaml:"seriesQuery"`
	// SeriesFilters keep or drop series by name, all of them must agree.
	SeriesFilters []FilterSpec `yaml:"seriesFilters"`
	// Resources says which labels carry the names of Kubernetes objects.
	Resources ResourcesSpec `yaml:"resources"`
	// Name turns the name of a series into the name of a metric.
	Name NameSpec `yaml:"name"`
	// MetricsQuery is the Go template of the PromQL that answers a request.
	MetricsQuery string `yaml:"metricsQuery"`
}

// FilterSpec is an unanchored regular expression on the name of a series;
// exactly one of the two is set.
type FilterSpec struct {
	Is    string `yaml:"is"`
	IsNot string `yaml:"isNot"`
}

// ResourcesSpec maps label names to resources.
type ResourcesSpec struct {
	// Template is a Go template, delimited by << and >>, that makes the name of
	// a label from the fields Group and Resource.
	Template string `yaml:"template"`
	// Overrides maps single label names, and wins over the template.
	Overrides map[string]GroupResourceSpec `yaml:"overrides"`
	// Namespaced has an effect on externalRules only.
	Namespaced *bool `yaml:"namespaced"`
}

// GroupResourceSpec names a resource as a person would write it.
type GroupResourceSpec struct {
	Group    string `yaml:"group"`
	Resource string `yaml:"resource"`
}

// NameSpec names the metric of a series.
type NameSpec struct {
	// Matches is an unanchored regular expression; empty means `.*`.
	Matches string `yaml:"matches"`
	// As is expanded by the first match. Empty means $0 when Matches has no
	// group and $1 when it has one.
	As string `yaml:"as"`
}

// resourceRules configure the resource metrics API (CPU and memory). They serve
// no custom metric, but a mistake in them stops the adapter all the same.
type resourceRules struct {
	CPU    resourceRule   `yaml:"cpu"`
	Memory resourceRule   `yaml:"memory"`
	Window model.Duration `yaml:"window"`
}

type resourceRule struct {
	ContainerQuery string        `yaml:"containerQuery"`
	NodeQuery      string        `yaml:"nodeQuery"`
	Resources      ResourcesSpec `yaml:"resources"`
	ContainerLabel string        `yaml:"containerLabel"`
}
