package plan

import "github.com/kong-latency/kong-latency/internal/finding"

// The reasons why a Deployment and a Service are not paired, why their pairing is
// doubtful, or why nothing may be attached to the pair.
var (
	NoServiceSelectsPods = &finding.Reason{
		Name: "NoServiceSelectsPods", Severity: finding.Error, Wait: finding.ForObject,
		Summary: "The Deployment requests autoscaling, and no Service of its namespace selects its pods.",
		Fix:     "Create the Service; the HorizontalPodAutoscaler is attached as soon as it exists.",
	}
	ServiceNotFound = &finding.Reason{
		Name: "ServiceNotFound", Severity: finding.Error, Wait: finding.ForObject,
		Summary: "The annotation kong.latency/service names a Service that is not in the namespace.",
		Fix:     "Create that Service, or name another.",
	}
	ServiceDoesNotSelectPods = &finding.Reason{
		Name: "ServiceDoesNotSelectPods", Severity: finding.Warning, Wait: finding.ForObject,
		Summary: "The Service that was named does not select the Deployment's pods, so scaling may not change its latency.",
		Fix:     "Name the Service that sends traffic to these pods, or correct its selector.",
	}
	AmbiguousService = &finding.Reason{
		Name: "AmbiguousService", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "Several Services could be the one whose latency counts.",
		Fix:     "Name one by the annotation kong.latency/service on the Deployment.",
	}
	NoDeploymentSelected = &finding.Reason{
		Name: "NoDeploymentSelected", Severity: finding.Error, Wait: finding.ForObject,
		Summary: "The Service requests autoscaling, and it selects the pods of no Deployment of its namespace. If they belong to a StatefulSet, a Rollout, a DaemonSet or a Knative Service, the message says so: only Deployments are autoscaled.",
		Fix:     "Create the Deployment; the HorizontalPodAutoscaler is attached as soon as it exists. If the pods belong to something else, remove the annotation.",
	}
	DeploymentNotFound = &finding.Reason{
		Name: "DeploymentNotFound", Severity: finding.Error, Wait: finding.ForObject,
		Summary: "The annotation kong.latency/deployment names a Deployment that is not in the namespace.",
		Fix:     "Create that Deployment, or name another.",
	}
	AmbiguousDeployment = &finding.Reason{
		Name: "AmbiguousDeployment", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "The Service requests autoscaling and selects the pods of several Deployments.",
		Fix:     "Name one by the annotation kong.latency/deployment on the Service.",
	}
	SettingsDisagree = &finding.Reason{
		Name: "SettingsDisagree", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "The Deployment and its Service carry the same annotation with different values. Nothing is changed until they agree.",
		Fix:     "Remove the annotation from one of the two, or make the values equal.",
	}
	AnotherAutoscaler = &finding.Reason{
		Name: "AnotherAutoscaler", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "Another HorizontalPodAutoscaler, a ScaledObject or HTTPScaledObject of KEDA, or a DatadogPodAutoscaler or WatermarkPodAutoscaler scales the same Deployment. If two autoscalers select the same pods, Kubernetes scales by neither. Nothing is attached in addition; an autoscaler that was attached before stays.",
		Fix:     "Delete one of the two, or have the other HorizontalPodAutoscaler taken over by the annotation kong.latency/adopt.",
	}
	NameTaken = &finding.Reason{
		Name: "NameTaken", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "A HorizontalPodAutoscaler with the name of the one to attach exists already, and scales something else. It is never changed.",
		Fix:     "Delete or rename it; the HorizontalPodAutoscaler is attached as soon as it is deleted.",
	}
	AdoptedNotFound = &finding.Reason{
		Name: "AdoptedNotFound", Severity: finding.Warning, Wait: finding.ForObject,
		Summary: "The annotation kong.latency/adopt names a HorizontalPodAutoscaler that is not in the namespace, so there is nothing to adopt. A new HorizontalPodAutoscaler is attached, as without the annotation.",
		Fix:     "Correct the name, or remove the annotation.",
	}
	AdoptedScalesOther = &finding.Reason{
		Name: "AdoptedScalesOther", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "The annotation kong.latency/adopt names a HorizontalPodAutoscaler that scales something other than this Deployment. It is not changed.",
		Fix:     "Name one that scales this Deployment, or remove the annotation.",
	}
	AdoptedControlled = &finding.Reason{
		Name: "AdoptedControlled", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "The annotation kong.latency/adopt names a HorizontalPodAutoscaler that another object controls, such as a ScaledObject of KEDA. It is not changed: its controller would undo the change.",
		Fix:     "Remove the object that controls it, or the annotation.",
	}
	OtherAutoscalersUnknown = &finding.Reason{
		Name: "OtherAutoscalersUnknown", Severity: finding.Unknown, Wait: finding.ForObject,
		Summary: "It is unknown whether an autoscaler of another product scales the Deployment, or another controller sets its replicas: a kind could not be read.",
		Fix:     "Let the product read the kind that the message names, as its shipped roles do.",
	}
	AmbiguousSelector = &finding.Reason{
		Name: "AmbiguousSelector", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "The spec.selector of the Deployment, and that of another Deployment, StatefulSet, ReplicaSet or Rollout, match common pods, and the other has an autoscaler, whoever made it, or is enabled too and first by its name. Kubernetes scales by neither of two autoscalers of the same pods (condition AmbiguousSelector). Nothing is attached in addition; an autoscaler that was attached before stays.",
		Fix:     "Give each its own pods: add a label that only its pods have to spec.selector. A selector cannot be changed, so delete the object and create it again.",
	}
	SelectorMatchesOthers = &finding.Reason{
		Name: "SelectorMatchesOthers", Severity: finding.Warning, Wait: finding.ForChange,
		Summary: "The spec.selector of the Deployment matches the pods of others, too. Kubernetes counts all pods that the selector matches as replicas of the Deployment, so that it scales it by a wrong number.",
		Fix:     "Add a label that only its pods have to spec.selector. A selector cannot be changed, so delete the Deployment and create it again.",
	}
	SelectorNotCompared = &finding.Reason{
		Name: "SelectorNotCompared", Severity: finding.Unknown, Wait: finding.ForObject,
		Summary: "It is unknown whether the selectors of other workloads of the namespace match the same pods: a kind could not be read, or more than 512 of them have such labels.",
		Fix:     "Let the product read the kind that the message names, as its shipped roles do; or give the pods a label of their own.",
	}
	ReplicasControlled = &finding.Reason{
		Name: "ReplicasControlled", Severity: finding.Warning, Wait: finding.ForChange,
		Summary: "Another controller runs the pods of the Deployment or sets its replicas: a Rollout of Argo Rollouts that refers to it by spec.workloadRef, a Canary of Flagger, or Knative.",
		Fix:     "Remove the annotations from the Deployment, and scale what the message names.",
	}
	CPURequestMissing = &finding.Reason{
		Name: "CPURequestMissing", Severity: finding.Warning, Wait: finding.ForChange,
		Summary: "The workload scales by CPU utilization too, and a container of its pods has neither a CPU request nor a CPU limit, nor does a LimitRange of the namespace give it one. Kubernetes cannot compute the utilization, and does not scale in without it.",
		Fix:     "Set resources.requests.cpu of every container, also of sidecars among the init containers, or remove kong.latency/cpu-utilization.",
	}
	CPURequestUnknown = &finding.Reason{
		Name: "CPURequestUnknown", Severity: finding.Unknown, Wait: finding.ForObject,
		Summary: "The workload scales by CPU utilization too, a container of its pods has no CPU request, and it is unknown whether a LimitRange gives it one.",
		Fix:     "Let the product read limitranges, as its shipped roles do, or set resources.requests.cpu of every container.",
	}
	NotEnabled = &finding.Reason{
		Name: "NotEnabled", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "Neither the Deployment nor its Service requests autoscaling, and no policy enables it. Only `kubectl latency doctor` reports it, about a workload that is named.",
		Fix:     "Annotate it with kong.latency/target-ms.",
	}
	PairingUnknown = &finding.Reason{
		Name: "PairingUnknown", Severity: finding.Unknown, Wait: finding.ForObject,
		Summary: "The webhook has just started, or cannot read the cluster, and does not know which Service belongs to the Deployment.",
		Fix:     "Nothing: the controller attaches the HorizontalPodAutoscaler or says why not.",
	}
)

// Reasons lists the findings that this package declares.
func Reasons() []*finding.Reason {
	return append(writing(),
		NoServiceSelectsPods, ServiceNotFound, ServiceDoesNotSelectPods, AmbiguousService,
		NoDeploymentSelected, DeploymentNotFound, AmbiguousDeployment, SettingsDisagree,
		AnotherAutoscaler, NameTaken, AdoptedNotFound, AdoptedScalesOther, AdoptedControlled,
		OtherAutoscalersUnknown, AmbiguousSelector, SelectorMatchesOthers, SelectorNotCompared,
		ReplicasControlled, CPURequestMissing, CPURequestUnknown, NotEnabled, PairingUnknown,
	)
}
