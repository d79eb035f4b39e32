package controller

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/finding"
	"github.com/kong-latency/kong-latency/generator"
)

const deploymentKind = "Deployment"

// NameTaken is found when somebody else's autoscaler stands where ours would.
var NameTaken = finding.Reason{
	Name:     "NameTaken",
	Severity: finding.Error,
	Wait:     finding.ForObject,
	Summary:  "A HorizontalPodAutoscaler of the Deployment's name exists already and is not ours. It is never touched.",
	Fix:      "Delete it; ours is attached as soon as it is gone.",
}

// Reasons lists the findings that this package declares.
func Reasons() []*finding.Reason { return []*finding.Reason{&NameTaken} }

func nameTaken(d *appsv1.Deployment, live *autoscalingv2.HorizontalPodAutoscaler) finding.Finding {
	owner := "nobody"
	if o := metav1.GetControllerOfNoCopy(live); o != nil {
		owner = fmt.Sprintf("%s %s", o.Kind, o.Name)
	}
	return NameTaken.On(finding.Object{Kind: deploymentKind, Namespace: d.Namespace, Name: d.Name},
		"HorizontalPodAutoscaler %s exists already and is controlled by %s", live.Name, owner).
		WithFix("delete it, or keep it and remove the annotation")
}

// ofFormerDeployment tells whether the autoscaler is ours and belonged to a
// Deployment of this name that is gone: garbage collection is about to take it.
func ofFormerDeployment(live *autoscalingv2.HorizontalPodAutoscaler, d *appsv1.Deployment) bool {
	o := metav1.GetControllerOfNoCopy(live)
	return o != nil && generator.MadeByUs(live) &&
		o.Kind == deploymentKind && o.Name == d.Name && o.UID != d.UID
}
