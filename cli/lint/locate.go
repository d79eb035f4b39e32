package lint

import (
	"regexp"
	"slices"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/cluster/files"
	"github.com/kong-latency/kong-latency/internal/cluster/files/manifests"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// locator knows in which line a mistake is.
type locator struct{ cluster *files.Cluster }

var (
	// keyInMessage is an annotation that a message names.
	keyInMessage = regexp.MustCompile(`kong\.latency/[A-Za-z0-9-]+`)
	// fieldInMessage is the field that a message begins with, as of a LatencyPolicy.
	fieldInMessage = regexp.MustCompile(`^spec[A-Za-z0-9.\[\]]*`)
	// ruleInMessage is a place in the adapter's configuration that a message names.
	ruleInMessage = regexp.MustCompile(`(rules|externalRules|resourceRules)(\[\d+\]|\.[A-Za-z]+|\[[A-Za-z_][A-Za-z0-9_]*\])+`)
	step          = regexp.MustCompile(`[^.\[\]]+`)
)

// fields are where the mistake is, for reasons about one field. Of several the
// first that is there counts; if none is, the object's name does.
var fields = map[*finding.Reason][]string{
	pipeline.ExtensionLatencyOff:             {"spec.config.latency", "spec.config"},
	pipeline.ExtensionServiceNotListed:       {"spec.serviceSelector.matchNames", "spec.serviceSelector"},
	pipeline.SeveralExtensions:               {"spec.extensions"},
	pipeline.RouteSeveralBackends:            {"spec.rules"},
	pipeline.PrometheusTakesNoMonitors:       {"spec"},
	pipeline.ServiceMonitorNotSelected:       {"metadata.labels"},
	pipeline.ServiceMonitorTakenByOther:      {"metadata.labels"},
	pipeline.ServiceMonitorNamespaceMismatch: {"spec.namespaceSelector"},
	pipeline.ServiceMonitorSelectorMismatch:  {"spec.selector"},
	pipeline.ServiceMonitorPortMismatch:      {"spec.endpoints.0.port", "spec.endpoints.0.targetPort", "spec.endpoints"},
	pipeline.ServiceMonitorSchemeMismatch:    {"spec.endpoints.0.scheme", "spec.endpoints.0"},
	pipeline.ServiceMonitorPathMismatch:      {"spec.endpoints.0.path"},
	pipeline.ServiceMonitorIntervalTooLong:   {"spec.endpoints.0.interval"},
	pipeline.ServiceMonitorIntervalLong:      {"spec.endpoints.0.interval"},
	pipeline.ServiceMonitorHonorLabels:       {"spec.endpoints.0.honorLabels"},
	pipeline.ServiceMonitorTargetDropped:     {"spec.endpoints.0.relabelings"},
	pipeline.ServiceMonitorSeriesDropped:     {"spec.endpoints.0.metricRelabelings"},
	pipeline.ServiceMonitorLabelsLost:        {"spec.endpoints.0.metricRelabelings", "spec.endpoints.0.relabelings"},
	pipeline.ServiceMonitorTokenMissing:      {"spec.endpoints.0"},
}

// locate is the line of an annotation or a field that the finding is about, or else
// that of the object's name. A finding about an object that is not in the files
// is at the first object that there is.
func (l locator) locate(f finding.Finding) manifests.Position {
	o, ok := l.object(f.Object)
	if !ok {
		return l.fallback()
	}
	for _, path := range l.paths(o, f) {
		if at, ok := o.Position(path...); ok {
			return at
		}
	}
	if f.Object == l.cluster.Snapshot.Adapter.ConfigMap {
		return l.inAdapterConfig(o, f)
	}
	at, _ := o.Position("metadata", "name")
	return at
}

// paths are the fields at which the mistake may be, the likeliest first.
func (l locator) paths(o manifests.Object, f finding.Finding) [][]string {
	var out [][]string
	if len(f.Field) > 0 {
		out = append(out, f.Field)
	}
	if _, ok := annotated(o); ok {
		for _, key := range keyInMessage.FindAllString(f.Message, -1) {
			out = append(out, path(key))
		}
		if f.Hop() == nil {
			out = append(out, path(annotations.TargetMS))
		}
	}
	for _, field := range fields[f.Reason] {
		out = append(out, step.FindAllString(field, -1))
	}
	// A field that is absent is at the one that lacks it.
	for steps := step.FindAllString(fieldInMessage.FindString(f.Message), -1); len(steps) > 0; steps = steps[:len(steps)-1] {
		out = append(out, steps)
	}
	return out
}

// inAdapterConfig is a line in the text of a ConfigMap.
func (l locator) inAdapterConfig(o manifests.Object, f finding.Finding) manifests.Position {
	inner := step.FindAllString(ruleInMessage.FindString(f.Message), -1)
	if f.Reason == pipeline.AdapterRuleNameDiffers {
		inner = append(inner, "as")
	}
	at, _ := o.PositionIn([]string{"data", l.cluster.Snapshot.Adapter.Key}, inner)
	return at
}

// object is the object of a finding; of several of the same name the last one,
// which is the one that holds.
func (l locator) object(name finding.Object) (manifests.Object, bool) {
	for _, o := range slices.Backward(l.cluster.Objects) {
		if files.Name(o) == name {
			return o, true
		}
	}
	// Findings about kinds without a namespace name none.
	for _, o := range slices.Backward(l.cluster.Objects) {
		if o.GetKind() == name.Kind && o.GetName() == name.Name && name.Namespace == "" {
			return o, true
		}
	}
	return manifests.Object{}, false
}

func (l locator) fallback() manifests.Position {
	for _, o := range l.cluster.Objects {
		if _, ok := annotated(o); ok {
			if at, ok := o.Position(path(annotations.TargetMS)...); ok {
				return at
			}
		}
	}
	if len(l.cluster.Objects) == 0 {
		return manifests.Position{}
	}
	at, _ := l.cluster.Objects[0].Position("metadata", "name")
	return at
}
