package policy

import "github.com/kong-latency/kong-latency/internal/finding"

// The reasons why settings cannot be resolved, or are replaced by a limit.
var (
	MinAboveMax = &finding.Reason{
		Name: "MinAboveMax", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "With the defaults applied, the minimum of replicas exceeds the maximum.",
		Fix:     "Set kong.latency/min-replicas and kong.latency/max-replicas so that min is at most max.",
	}
	UnknownBehavior = &finding.Reason{
		Name: "UnknownBehavior", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "The annotation kong.latency/behavior, or the policy's default, names a profile that is neither built in nor defined in the policy. An existing autoscaler is not changed.",
		Fix:     "Name one of the profiles that the message lists.",
	}
	LimitExceeded = &finding.Reason{
		Name: "LimitExceeded", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "A setting exceeds a limit of the workload's LatencyPolicy. Admission refuses it when the object is created or its settings change.",
		Fix:     "Change the setting to be within the limit that the message names, or ask the owner of the policy to change the limit.",
	}
	LimitClamped = &finding.Reason{
		Name: "LimitClamped", Severity: finding.Warning, Wait: finding.ForChange,
		Summary: "A setting exceeds a limit of the workload's LatencyPolicy: the limit was changed later, or the setting was written without admission. The autoscaler works, with the limit instead of the setting.",
		Fix:     "Change the annotation to be within the limit that the message names; otherwise the next change of settings is refused.",
	}
	TargetBetweenBuckets = &finding.Reason{
		Name: "TargetBetweenBuckets", Severity: finding.Warning, Wait: finding.ForChange,
		Summary: "The target is one of a percentile and not a bound of the histogram's buckets. Between two bounds a percentile is an estimate that can be off by a factor of two and a half, and below the first of 25 ms it means nothing, so that the size follows the estimate and not the latency.",
		Fix:     "Set kong.latency/target-ms to one of the bounds that the message names, or use the average.",
	}
	PolicyUnknown = &finding.Reason{
		Name: "PolicyUnknown", Severity: finding.Unknown, Wait: finding.ForObject,
		Summary: "The namespace's labels, or the LatencyPolicies, are not known, so neither is the effective LatencyPolicy of the workload. An existing autoscaler stays as it is.",
		Fix:     "Nothing at first: the controller goes on as soon as it knows them. If the message names what cannot be read, let the product read it; if the definition of LatencyPolicy was deleted, install it again, with the policies.",
	}
)

// The reasons why a policy is not in force as it is written.
var (
	PolicySelectorInvalid = &finding.Reason{
		Name: "PolicySelectorInvalid", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "A selector of the LatencyPolicy cannot be used. The policy selects nothing.",
		Fix:     "Correct the selector as the message says.",
	}
	PolicyInvalid = &finding.Reason{
		Name: "PolicyInvalid", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "A part of the LatencyPolicy contradicts another or cannot be used. The rest of the policy is effective.",
		Fix:     "Correct the field that the message names.",
	}
	PolicySelectsNothing = &finding.Reason{
		Name: "PolicySelectsNothing", Severity: finding.Warning, Wait: finding.ForObject,
		Summary: "The selectors of the LatencyPolicy match no existing Deployment.",
		Fix:     "Check namespaceSelector against the labels of namespaces, and workloadSelector against the Deployments' own labels; nothing needs to be done if the Deployments will be created later.",
	}
	PolicyShadowed = &finding.Reason{
		Name: "PolicyShadowed", Severity: finding.Warning, Wait: finding.ForObject,
		Summary: "Another policy has precedence for every Deployment that the LatencyPolicy selects, so that it has no effect.",
		Fix:     "Raise its priority above that of the policies that the message names, or narrow theirs.",
	}
)

// Reasons lists the findings that this package declares.
func Reasons() []*finding.Reason {
	return []*finding.Reason{
		MinAboveMax, UnknownBehavior, LimitExceeded, LimitClamped, TargetBetweenBuckets, PolicyUnknown,
		PolicySelectorInvalid, PolicyInvalid, PolicySelectsNothing, PolicyShadowed,
	}
}
