package webhook

import (
	"slices"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// checkValues returns which of an object's own annotations have values that
// nothing else in the cluster can make right. They are always refused.
func checkValues(kind annotations.Kind, o finding.Object, ours map[string]string) []finding.Finding {
	_, errs := annotations.Parse(kind, ours)
	return annotations.Findings(o, errs)
}

// checkSettings returns what is wrong with the settings of object o, which is workload
// w or its Service: what the policy of w forbids, and the autoscalers that they would
// be in conflict with. now is what w gets with them. They are refused when they are
// new: the policy can change under settings that were good, and that must not stop a
// rollback. Settings that nobody asks autoscaling by are let through, so that
// detaching always works.
func (c Cluster) checkSettings(kind annotations.Kind, o finding.Object, ours map[string]string, w model.Workload, now plan.Resolution) []finding.Finding {
	ruling := plan.RulingOf(c.Policies, w)
	if !now.Asked || ruling.Unknown {
		return nil
	}
	own, _ := annotations.Parse(kind, annotations.Own(ours))
	found := policy.Check(o, own, ruling.Policy)
	if now.Source != plan.FromPolicy && ruling.Policy.Conflicts() == policy.Deny {
		found = append(found, conflicts(now.Claim, own.Adopt != "")...)
	}
	if own.MinReplicas == nil && own.MaxReplicas == nil {
		return found
	}
	i := slices.IndexFunc(now.Findings, func(f finding.Finding) bool { return f.Reason == policy.MinAboveMax })
	if i >= 0 {
		found = append(found, now.Findings[i])
	}
	return found
}

// conflicts is what of a claim is refused: everything that keeps ours from being
// attached; and, where it is attached already, only that what the object itself names
// cannot be adopted.
func conflicts(c plan.Claim, adopts bool) []finding.Finding {
	admitted := func(f finding.Finding) bool {
		if f.Severity != finding.Error {
			return true
		}
		adoption := f.Reason == plan.AdoptedScalesOther || f.Reason == plan.AdoptedControlled
		named := adopts && adoption
		return !c.Blocked && !named
	}
	return slices.DeleteFunc(slices.Clone(c.Findings), admitted)
}
