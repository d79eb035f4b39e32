package annotations

import (
	"maps"
	"slices"
)

// Difference is one key whose values on the Deployment and on the Service disagree.
type Difference struct {
	Key        string
	Deployment string
	Service    string
}

// Merge joins the settings of a Deployment and of its Service: a key may stand
// on either, or on both with the same meaning ("40" and "40.0" agree). Keys that
// disagree are returned sorted by key; the Deployment's value then stands in the
// result. The arguments are raw annotations that each parsed without errors.
// Whether min and max still fit together is for the policy to say, which knows
// the defaults too.
func Merge(onDeployment, onService map[string]string) (Settings, []Difference) {
	d, s := Ours(onDeployment), Ours(onService)
	union := make(map[string]string, len(d)+len(s))
	maps.Copy(union, s)
	maps.Copy(union, d)
	var differ []Difference
	var merged Settings
	for _, name := range slices.Sorted(maps.Keys(union)) {
		if key, known := keysByName[name]; known {
			key.parse(union[name], &merged) // parsed before, so it is allowed
		}
		onD, hasD := d[name]
		onS, hasS := s[name]
		if hasD && hasS && !sameMeaning(name, onD, onS) {
			differ = append(differ, Difference{Key: name, Deployment: onD, Service: onS})
		}
	}
	return merged, differ
}

// sameMeaning compares two valid values of a key. The target is the only one
// that has several spellings.
func sameMeaning(name, a, b string) bool {
	if a == b {
		return true
	}
	var left, right Settings
	return name == TargetMS &&
		parseTarget(a, &left) && parseTarget(b, &right) &&
		left.Target != nil && right.Target != nil && left.Target.Cmp(*right.Target) == 0
}
