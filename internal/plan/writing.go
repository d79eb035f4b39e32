package plan

import "github.com/kong-latency/kong-latency/internal/finding"

// The reasons why the autoscaler of a workload is not as its plan, although nothing about
// the workload is wrong. The controller finds them when it writes.
var (
	WriteRefused = &finding.Reason{
		Name: "WriteRefused", Severity: finding.Error, Basis: finding.Measured, Wait: finding.ForObject,
		Summary: "The API server refuses to create, update, delete or restore the HorizontalPodAutoscaler of the workload: a ResourceQuota, an admission policy or webhook, missing permissions of the controller, or a previous spec that is not valid. The message quotes the answer of the API server.",
		Fix:     "Change what the answer names. The controller tries again every 30 seconds, and at once when the workload changes.",
	}
	ChangedByOthers = &finding.Reason{
		Name: "ChangedByOthers", Severity: finding.Error, Basis: finding.Measured, Wait: finding.ForObject,
		Summary: "Something else changes or deletes the HorizontalPodAutoscaler after every write of the controller. The controller writes it again after pauses that double, up to 5 minutes.",
		Fix:     "Let only one of the two manage it: remove the HorizontalPodAutoscaler from what the field manager in the message applies, or remove kong.latency/target-ms from the workload.",
	}
	AutoscalerTerminating = &finding.Reason{
		Name: "AutoscalerTerminating", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "The HorizontalPodAutoscaler of the workload is deleted, and only finalizers keep it in the cluster. It is not updated any more; a new one is attached as soon as it is gone.",
		Fix:     "Find out why the component that set the finalizers does not remove them; remove them by hand if it no longer exists.",
	}
)

// writing lists these reasons.
func writing() []*finding.Reason {
	return []*finding.Reason{WriteRefused, ChangedByOthers, AutoscalerTerminating}
}
