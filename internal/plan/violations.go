package plan

import (
	"slices"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// violations are those of an enabled workload and of the Services near it, first of
// all of the paired one, whose name is empty if there is none. found is what resolving
// the joined settings gave.
//
// That two objects disagree is not among them: whoever changes a setting on both has to
// change one first.
func violations(w model.Workload, paired model.Service, near nearby, e EffectivePolicy, found []finding.Finding) []finding.Finding {
	out := violationsOf(w.Object(), w.Annotations, e)
	out = append(out, aboveMax(w.Object(), w.Annotations, found)...)
	var seen []string
	for _, list := range [][]model.Service{{paired}, near.naming, near.selecting} {
		for _, s := range list {
			if s.Annotations.Empty() || slices.Contains(seen, s.Name) {
				continue
			}
			seen = append(seen, s.Name)
			out = append(out, violationsOf(s.Object(), s.Annotations, e)...)
			if s.Name == paired.Name {
				out = append(out, aboveMax(s.Object(), s.Annotations, found)...)
			}
		}
	}
	return out
}

// violationsOf are those of the settings of one object by themselves.
func violationsOf(o finding.Object, a annotations.Parsed, e EffectivePolicy) []finding.Finding {
	switch {
	case len(a.Violations) > 0:
		return a.Findings(o)
	case e.Unknown:
		return nil
	default:
		return policy.Check(o, a.Settings, e.Policy)
	}
}

// aboveMax is that the fewest replicas are more than the most, if that was found and
// the object sets one of the two.
func aboveMax(o finding.Object, a annotations.Parsed, found []finding.Finding) []finding.Finding {
	i := slices.IndexFunc(found, func(f finding.Finding) bool { return f.Reason == policy.MinAboveMax })
	key := annotations.MinReplicas
	if a.Settings.MinReplicas == nil {
		key = annotations.MaxReplicas
	}
	if i < 0 || a.Settings.MinReplicas == nil && a.Settings.MaxReplicas == nil {
		return nil
	}
	f := found[i].At(annotations.Path(key))
	f.Object = o
	return []finding.Finding{f}
}
