package annotations

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Difference is one key whose values on the Deployment and on the Service disagree.
type Difference struct {
	Key        string
	Deployment string
	Service    string
}

// Merge merges the settings of a Deployment and of its Service, both without violations:
// a key may be on either, or on both with the same meaning ("40" and "40.0" agree). Keys
// that disagree are returned, sorted; the result then has the Deployment's value. Package
// policy checks min against max, because it knows the defaults.
func Merge(onDeployment, onService Parsed) (Settings, []Difference) {
	d, s := onDeployment.Settings, onService.Settings
	merged := Settings{
		Target:                  cmp.Or(d.Target, s.Target),
		Off:                     d.Off || s.Off,
		Statistic:               cmp.Or(d.Statistic, s.Statistic),
		RequestsPerSecondPerPod: cmp.Or(d.RequestsPerSecondPerPod, s.RequestsPerSecondPerPod),
		ConcurrencyPerPod:       cmp.Or(d.ConcurrencyPerPod, s.ConcurrencyPerPod),
		MinReplicas:             cmp.Or(d.MinReplicas, s.MinReplicas),
		MaxReplicas:             cmp.Or(d.MaxReplicas, s.MaxReplicas),
		Service:                 cmp.Or(d.Service, s.Service),
		Deployment:              cmp.Or(d.Deployment, s.Deployment),
		Metric:                  cmp.Or(d.Metric, s.Metric),
		Behavior:                cmp.Or(d.Behavior, s.Behavior),
		CPUUtilization:          cmp.Or(d.CPUUtilization, s.CPUUtilization),
		OnNoEffect:              cmp.Or(d.OnNoEffect, s.OnNoEffect),
		Paused:                  cmp.Or(d.Paused, s.Paused),
		PreserveReplicas:        cmp.Or(d.PreserveReplicas, s.PreserveReplicas),
		Adopt:                   cmp.Or(d.Adopt, s.Adopt),
	}
	switch { // both are of the same key
	case d.Off:
		merged.Target = nil
	case d.Target != nil:
		merged.Off = false
	}
	var differ []Difference
	for key := range onDeployment.Raw {
		here, ok := onDeployment.written(key)
		there, also := onService.written(key)
		if ok && also && here != there && !sameNumber(key, d, s) {
			differ = append(differ, Difference{Key: key, Deployment: here, Service: there})
		}
	}
	slices.SortFunc(differ, func(a, b Difference) int { return cmp.Compare(a.Key, b.Key) })
	return merged, differ
}

// sameNumber reports whether the key is one of those whose values have several spellings,
// and both mean the same by it.
func sameNumber(key string, a, b Settings) bool {
	same := func(x, y *resource.Quantity) bool { return x != nil && y != nil && x.Cmp(*y) == 0 }
	load := func(x, y *Load) bool { return x != nil && y != nil && same(x.PerPod, y.PerPod) }
	switch key {
	case TargetMS:
		return same(a.Target, b.Target)
	case RequestsPerSecondPerPod:
		return load(a.RequestsPerSecondPerPod, b.RequestsPerSecondPerPod)
	case ConcurrencyPerPod:
		return load(a.ConcurrencyPerPod, b.ConcurrencyPerPod)
	default:
		return false
	}
}
