package policy

import (
	"cmp"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/annotations"
)

// Load is how a load metric counts for a workload. The zero value is one that does not.
type Load struct {
	// Metric is its name in the custom metrics API; empty if it does not count.
	Metric string
	// Auto is true if the load per pod is learned.
	Auto bool
	// ByDefault is true if neither a setting nor a policy names the metric: the autoscaler
	// gets it where it is served, and nobody has to be told of each time where it is not.
	ByDefault bool
	// PerPod is the load that one pod is to get; nil if it is learned.
	PerPod *resource.Quantity
	// Min and Max bound what is learned; nil is an open end.
	Min, Max *resource.Quantity
}

// Used reports whether the metric counts.
func (l Load) Used() bool { return l.Metric != "" }

// String says how it counts: "kong_upstream_concurrency_60s_average at 2.8 per pod".
func (l Load) String() string {
	switch {
	case !l.Used():
		return annotations.Off
	case l.Auto:
		return l.Metric + " learned"
	default:
		return l.Metric + " at " + annotations.FormatTarget(*l.PerPod) + " per pod"
	}
}

// Clamp brings a load that was learned into the bounds.
func (l Load) Clamp(learned resource.Quantity) resource.Quantity {
	return bounds[resource.Quantity]{min: l.Min, max: l.Max, compare: compareQuantities}.clamp(learned).DeepCopy()
}

// Loads are the load metrics that count, in the order in which an autoscaler has them.
func (r Resolved) Loads() []Load {
	var out []Load
	for _, l := range []Load{r.RequestsPerSecond, r.Concurrency} {
		if l.Used() {
			out = append(out, l)
		}
	}
	return out
}

// Learns reports whether a load per pod is learned.
func (r Resolved) Learns() bool { return r.RequestsPerSecond.Auto || r.Concurrency.Auto }

// loads sets the load metrics within the policy's limits.
func (r *Resolved) loads(s annotations.Settings, p *Policy) {
	d, l := p.defaulted(), p.bounds()
	byDefault := s.RequestsPerSecondPerPod == nil && d.RequestsPerSecondPerPod == nil &&
		s.ConcurrencyPerPod == nil && d.ConcurrencyPerPod == nil
	if byDefault && cmp.Or(s.Behavior, d.Behavior) == ProfileSteady {
		// The profile is made for it. Who names another profile or a load gets just that.
		d.RequestsPerSecondPerPod = ptr.To(intstr.FromString(annotations.Auto))
	}
	r.Concurrency = r.load(annotations.ConcurrencyPerPod, annotations.ConcurrencyMetric, s.ConcurrencyPerPod, d.ConcurrencyPerPod, l.concurrency)
	r.RequestsPerSecond = r.load(annotations.RequestsPerSecondPerPod, annotations.RequestsMetric, s.RequestsPerSecondPerPod, d.RequestsPerSecondPerPod, l.requests)
	r.RequestsPerSecond.ByDefault = byDefault && r.RequestsPerSecond.Used()
}

func (r *Resolved) load(key, metric string, set *annotations.Load, otherwise *intstr.IntOrString, b bounds[resource.Quantity]) Load {
	var number *resource.Quantity // of the annotation
	wanted := loadOf(otherwise)
	if set != nil {
		wanted, number = *set, set.PerPod
	}
	switch {
	case wanted.Off():
		return Load{}
	case wanted.Auto:
		return Load{Metric: metric, Auto: true, Min: b.min, Max: b.max}
	}
	perPod := within(r, key, number, *wanted.PerPod, b).DeepCopy()
	return Load{Metric: metric, PerPod: &perPod}
}

// loadOf is the load that a policy gives. One that is not valid, as only a file can have it,
// is none.
func loadOf(v *intstr.IntOrString) annotations.Load {
	if v == nil {
		return annotations.Load{}
	}
	l, _ := annotations.ParseLoad(v.String())
	return l
}

// loadContradictions says which load of the defaults, at the path defaults, and which limits
// of it cannot be used.
func (p *Policy) loadContradictions(defaults, limits *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, one := range []struct {
		name    string
		perPod  *intstr.IntOrString
		allowed bounds[resource.Quantity]
	}{
		{"concurrencyPerPod", p.defaults.ConcurrencyPerPod, p.limits.concurrency},
		{"requestsPerSecondPerPod", p.defaults.RequestsPerSecondPerPod, p.limits.requests},
	} {
		if one.perPod != nil {
			if _, ok := annotations.ParseLoad(one.perPod.String()); !ok {
				errs = append(errs, field.Invalid(defaults.Child(one.name), one.perPod.String(),
					"must be "+annotations.LoadAllowed+"; off holds"))
			}
		}
		if one.allowed.contradicts() {
			errs = append(errs, field.Invalid(limits.Child(one.name), one.allowed.String(), "min is above max, which holds"))
		}
	}
	return errs
}
