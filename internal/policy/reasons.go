package policy

import "github.com/kong-latency/kong-latency/internal/finding"

// The reasons for which settings cannot be resolved, or are not what results.
var (
	MinAboveMax = &finding.Reason{
		Name: "MinAboveMax", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "With the defaults filled in, the fewest replicas are more than the most.",
		Fix:     "Set kong.latency/min-replicas and kong.latency/max-replicas so that min is at most max.",
	}
	UnknownBehavior = &finding.Reason{
		Name: "UnknownBehavior", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "The annotation kong.latency/behavior, or the policy's default, names a profile that is neither built in nor one of the policy's. An autoscaler that is there already stays as it is.",
		Fix:     "Name one of the profiles that the message lists.",
	}
	LimitExceeded = &finding.Reason{
		Name: "LimitExceeded", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "A setting is outside of what the workload's LatencyPolicy allows. Admission refuses it when the object is new or its settings change.",
		Fix:     "Keep within the bound that the message names, or have the policy's owner widen it.",
	}
	LimitClamped = &finding.Reason{
		Name: "LimitClamped", Severity: finding.Warning, Wait: finding.ForChange,
		Summary: "A setting is outside of what the workload's LatencyPolicy allows since the policy was tightened, or came in without admission. The autoscaler works, and keeps to the limit.",
		Fix:     "Bring the annotation within the bound that the message names; the next change of settings is refused otherwise.",
	}
	TargetVerySmall = &finding.Reason{
		Name: "TargetVerySmall", Severity: finding.Warning, Wait: finding.ForChange,
		Summary: "The target is less than a tenth of a millisecond, which a network alone exceeds.",
		Fix:     "Set kong.latency/target-ms in milliseconds, not in seconds.",
	}
	PolicyUnknown = &finding.Reason{
		Name: "PolicyUnknown", Severity: finding.Unknown, Wait: finding.ForObject,
		Summary: "The namespace's labels are not known yet, so neither is the effective LatencyPolicy of the workload.",
		Fix:     "Nothing: the controller attaches the HorizontalPodAutoscaler as soon as it knows them.",
	}
)

// The reasons for which a policy is not in force as it is written.
var (
	PolicySelectorInvalid = &finding.Reason{
		Name: "PolicySelectorInvalid", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "A selector of the LatencyPolicy cannot be used. The policy selects nothing.",
		Fix:     "Correct the selector as the message says.",
	}
	PolicyInvalid = &finding.Reason{
		Name: "PolicyInvalid", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "A part of the LatencyPolicy contradicts another or cannot be used. The rest of the policy holds.",
		Fix:     "Correct the field that the message names.",
	}
	PolicySelectsNothing = &finding.Reason{
		Name: "PolicySelectsNothing", Severity: finding.Warning, Wait: finding.ForObject,
		Summary: "The selectors of the LatencyPolicy match no Deployment that there is.",
		Fix:     "Check namespaceSelector against the labels of namespaces, and workloadSelector against the Deployments' own labels; nothing is to be done if the Deployments are yet to come.",
	}
	PolicyShadowed = &finding.Reason{
		Name: "PolicyShadowed", Severity: finding.Warning, Wait: finding.ForObject,
		Summary: "Every Deployment that the LatencyPolicy selects gets another policy, which comes first, so that it has no effect.",
		Fix:     "Raise its priority above that of the policies that the message names, or narrow theirs.",
	}
)

// Reasons lists the findings that this package declares.
func Reasons() []*finding.Reason {
	return []*finding.Reason{
		MinAboveMax, UnknownBehavior, LimitExceeded, LimitClamped, TargetVerySmall, PolicyUnknown,
		PolicySelectorInvalid, PolicyInvalid, PolicySelectsNothing, PolicyShadowed,
	}
}
