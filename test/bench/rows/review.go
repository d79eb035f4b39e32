package rows

import (
	"encoding/json"
	"fmt"

	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/test/bench/plane"
)

// reviewBytes is the size of the reviews that are sent.
const reviewBytes = 10_000

// review returns what the API server sends for an annotated Deployment, reviewBytes in
// total; on UPDATE half of it is the old object.
func review(op admissionv1.Operation) ([]byte, error) {
	const envelope = 1200 // approximate size of what surrounds the objects
	req := &admissionv1.AdmissionRequest{
		UID:      "705ab4f5-6393-11e8-b7cc-42010a800002",
		Kind:     metav1.GroupVersionKind{Group: appsv1.GroupName, Version: "v1", Kind: "Deployment"},
		Resource: metav1.GroupVersionResource{Group: appsv1.GroupName, Version: "v1", Resource: "deployments"},
		Name:     plane.Name(0), Namespace: plane.Namespace(0), Operation: op,
		UserInfo: authenticationv1.UserInfo{Username: "somebody@example.com", Groups: []string{"developers", "system:authenticated"}},
		DryRun:   ptr.To(false),
	}
	req.RequestKind, req.RequestResource = &req.Kind, &req.Resource
	size := reviewBytes - envelope
	if op == admissionv1.Update {
		size /= 2
	}
	d := plane.Deployment(0, size, plane.Annotated())
	d.UID = "3d1c8a2e-0d35-4c9f-9d1b-3f0f8c0f5a11"
	var err error
	if op == admissionv1.Update {
		d.Generation, d.ResourceVersion = 1, "1000"
		if req.OldObject, err = raw(d); err != nil {
			return nil, err
		}
		d.Spec.Template.Spec.Containers[0].Image += "-1"
	}
	if req.Object, err = raw(d); err != nil {
		return nil, err
	}
	body, err := json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: "AdmissionReview"}, Request: req,
	})
	if err == nil && (len(body) < reviewBytes*9/10 || len(body) > reviewBytes*11/10) {
		err = fmt.Errorf("it has %d bytes instead of %d", len(body), reviewBytes)
	}
	if err != nil {
		return nil, fmt.Errorf("make review of %s: %w", op, err)
	}
	return body, nil
}

func raw(d *appsv1.Deployment) (runtime.RawExtension, error) {
	text, err := json.Marshal(d)
	return runtime.RawExtension{Raw: text}, err
}

// allowed returns an error unless the answer admits the object.
func allowed(answer []byte) error {
	var r admissionv1.AdmissionReview
	if err := json.Unmarshal(answer, &r); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	if r.Response == nil || !r.Response.Allowed || r.Response.UID == "" {
		return fmt.Errorf("it is not allowed: %s", answer)
	}
	return nil
}

// active is the condition of an autoscaler that receives values.
func active(now metav1.Time) autoscalingv2.HorizontalPodAutoscalerCondition {
	return autoscalingv2.HorizontalPodAutoscalerCondition{
		Type: autoscalingv2.ScalingActive, Status: "True", Reason: "ValidMetricFound",
		Message: "the HPA was able to successfully calculate a replica count", LastTransitionTime: now,
	}
}
