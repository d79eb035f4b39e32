package annotations

import (
	"cmp"
	"slices"
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
		Target:           cmp.Or(d.Target, s.Target),
		Off:              d.Off || s.Off,
		MinReplicas:      cmp.Or(d.MinReplicas, s.MinReplicas),
		MaxReplicas:      cmp.Or(d.MaxReplicas, s.MaxReplicas),
		Service:          cmp.Or(d.Service, s.Service),
		Deployment:       cmp.Or(d.Deployment, s.Deployment),
		Metric:           cmp.Or(d.Metric, s.Metric),
		Behavior:         cmp.Or(d.Behavior, s.Behavior),
		CPUUtilization:   cmp.Or(d.CPUUtilization, s.CPUUtilization),
		Paused:           cmp.Or(d.Paused, s.Paused),
		PreserveReplicas: cmp.Or(d.PreserveReplicas, s.PreserveReplicas),
		Adopt:            cmp.Or(d.Adopt, s.Adopt),
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
		if ok && also && here != there && !sameTarget(key, d, s) {
			differ = append(differ, Difference{Key: key, Deployment: here, Service: there})
		}
	}
	slices.SortFunc(differ, func(a, b Difference) int { return cmp.Compare(a.Key, b.Key) })
	return merged, differ
}

// sameTarget reports whether the key is the target, the only one that has several
// spellings, and both mean the same by it.
func sameTarget(key string, a, b Settings) bool {
	return key == TargetMS && a.Target != nil && b.Target != nil && a.Target.Cmp(*b.Target) == 0
}
