package target

import "github.com/kong-latency/kong-latency/finding"

// The reasons for which a Deployment and a Service do not pair, or pair oddly.
var (
	NoServiceSelectsPods = finding.Reason{
		Name: "NoServiceSelectsPods", Severity: finding.Error, Wait: finding.ForObject,
		Summary: "The Deployment asks for autoscaling, and no Service of its namespace selects its pods.",
		Fix:     "Create the Service; the HorizontalPodAutoscaler is attached as soon as it is there.",
	}
	ServiceNotFound = finding.Reason{
		Name: "ServiceNotFound", Severity: finding.Error, Wait: finding.ForObject,
		Summary: "The annotation kong.latency/service names a Service that is not in the namespace.",
		Fix:     "Create that Service, or name another.",
	}
	ServiceDoesNotSelectPods = finding.Reason{
		Name: "ServiceDoesNotSelectPods", Severity: finding.Warning, Wait: finding.ForObject,
		Summary: "The Service that was named does not select the Deployment's pods, so scaling may not change its latency.",
		Fix:     "Name the Service that sends traffic to these pods, or correct its selector.",
	}
	AmbiguousService = finding.Reason{
		Name: "AmbiguousService", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "Several Services could be the one whose latency counts.",
		Fix:     "Name one by the annotation kong.latency/service on the Deployment.",
	}
	NoDeploymentSelected = finding.Reason{
		Name: "NoDeploymentSelected", Severity: finding.Error, Wait: finding.ForObject,
		Summary: "The Service asks for autoscaling, and it selects the pods of no Deployment of its namespace.",
		Fix:     "Create the Deployment; the HorizontalPodAutoscaler is attached as soon as it is there.",
	}
	DeploymentNotFound = finding.Reason{
		Name: "DeploymentNotFound", Severity: finding.Error, Wait: finding.ForObject,
		Summary: "The annotation kong.latency/deployment names a Deployment that is not in the namespace.",
		Fix:     "Create that Deployment, or name another.",
	}
	AmbiguousDeployment = finding.Reason{
		Name: "AmbiguousDeployment", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "The Service asks for autoscaling and selects the pods of several Deployments.",
		Fix:     "Name one by the annotation kong.latency/deployment on the Service.",
	}
	SettingsDisagree = finding.Reason{
		Name: "SettingsDisagree", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "The Deployment and its Service carry the same annotation with different values. Nothing is changed until they agree.",
		Fix:     "Remove the annotation from one of the two, or make the values equal.",
	}
	PairingUnknown = finding.Reason{
		Name: "PairingUnknown", Severity: finding.Unknown, Wait: finding.ForObject,
		Summary: "The webhook has just started, or cannot read the cluster, and does not know which Service belongs to the Deployment.",
		Fix:     "Nothing: the controller attaches the HorizontalPodAutoscaler or says why not.",
	}
)

// Reasons lists the findings that this package declares.
func Reasons() []*finding.Reason {
	return []*finding.Reason{
		&NoServiceSelectsPods, &ServiceNotFound, &ServiceDoesNotSelectPods, &AmbiguousService,
		&NoDeploymentSelected, &DeploymentNotFound, &AmbiguousDeployment, &SettingsDisagree, &PairingUnknown,
	}
}
