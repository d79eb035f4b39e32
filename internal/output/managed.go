package output

import (
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/model"
)

// PreviousSpec is the annotation in which an adopted object keeps the spec that it had
// before, as JSON.
const PreviousSpec = annotations.Prefix + "former-spec"

// Managed reports whether the product created or adopted the object.
func Managed(live metav1.Object) bool { return Created(live) || Adopted(live) }

// Created reports whether the object carries the label of objects that the product
// created. One that a Deployment owns and that lacks the label may be another
// controller's, and is never deleted.
func Created(live metav1.Object) bool {
	return live.GetLabels()[generator.ManagedByLabel] == generator.ManagedBy
}

// CreatedLabels are the labels of objects that the product created.
func CreatedLabels() map[string]string {
	return map[string]string{generator.ManagedByLabel: generator.ManagedBy}
}

// Adopted reports whether the product adopted the object. Only the spec of such an object
// is managed; its labels and owners stay.
func Adopted(live metav1.Object) bool {
	_, ok := live.GetAnnotations()[PreviousSpec]
	return ok
}

// OwnedBy reports whether the Deployment with this UID controls the live object, so that
// it may be changed on the Deployment's behalf.
func OwnedBy(live metav1.Object, deploymentUID string) bool {
	owner := metav1.GetControllerOfNoCopy(live)
	return owner != nil && deploymentUID != "" && string(owner.UID) == deploymentUID
}

// ControllerOf names the object that controls the live one; the zero Ref if none does.
func ControllerOf(live metav1.Object) model.Ref {
	owner := metav1.GetControllerOfNoCopy(live)
	if owner == nil {
		return model.Ref{}
	}
	return model.Ref{Kind: owner.Kind, Name: owner.Name, UID: string(owner.UID)}
}

// TargetRef names what an object scales. A kind outside the API groups of Kubernetes'
// workloads carries its group, so that it is not confused with the kind of that name.
func TargetRef(apiVersion, kind, name string) model.Ref {
	group := ""
	if gv, err := schema.ParseGroupVersion(apiVersion); err == nil {
		group = gv.Group
	}
	if group != "" && group != appsv1.GroupName && group != "extensions" {
		kind += "." + group
	}
	return model.Ref{Kind: kind, Name: name}
}
