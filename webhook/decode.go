package webhook

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	admissionhttp "sigs.k8s.io/controller-runtime/pkg/webhook/admission"
	kjson "sigs.k8s.io/json"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/model"
)

// The structs below hold the few fields that admission looks at; everything else
// in an object is skipped by the decoder, and can therefore not be lost.

type metadata struct {
	Name              string            `json:"name"`
	GenerateName      string            `json:"generateName"`
	UID               string            `json:"uid"`
	DeletionTimestamp *string           `json:"deletionTimestamp"`
	Labels            map[string]string `json:"labels"`
	Annotations       map[string]string `json:"annotations"`
}

type deployment struct {
	Metadata metadata `json:"metadata"`
	Spec     struct {
		Replicas *int32                `json:"replicas"`
		Selector *metav1.LabelSelector `json:"selector"`
		Template struct {
			Metadata struct {
				Labels map[string]string `json:"labels"`
			} `json:"metadata"`
			Spec podSpec `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
}

// podSpec is what says whether a pod requests CPU.
type podSpec struct {
	Resources      *resources  `json:"resources"`
	Containers     []container `json:"containers"`
	InitContainers []container `json:"initContainers"`
}

type container struct {
	Name          string                         `json:"name"`
	RestartPolicy *corev1.ContainerRestartPolicy `json:"restartPolicy"`
	Resources     resources                      `json:"resources"`
}

// resources say which there are, whatever their quantities.
type resources struct {
	Requests map[corev1.ResourceName]any `json:"requests"`
	Limits   map[corev1.ResourceName]any `json:"limits"`
}

type service struct {
	Metadata metadata `json:"metadata"`
	Spec     struct {
		Selector map[string]string `json:"selector"`
	} `json:"spec"`
}

// check refuses what the API server refuses, too, but only after mutating admission: each
// annotation of the product can become a violation, which is many times its size.
func (m metadata) check() error { return validation.ValidateAnnotationsSize(m.Annotations) }

func (d deployment) check() error { return d.Metadata.check() }
func (o service) check() error    { return o.Metadata.check() }

// header is what is said of every request.
type header struct {
	UID       types.UID             `json:"uid"`
	Name      string                `json:"name"`
	Namespace string                `json:"namespace"`
	Operation admissionv1.Operation `json:"operation"`
	UserInfo  struct {
		Username string `json:"username"`
	} `json:"userInfo"`
	DryRun bool `json:"dryRun"`
}

// review is a request about an object of type T.
type review[T any] struct {
	header
	Object T
	// OldObject is the former state on UPDATE, else empty.
	OldObject T
}

const reviewKind = "AdmissionReview"

// decodeReview reads a review as the API server wrote it: field names are
// case-sensitive, and unknown fields are of no interest here. The object is there,
// and on UPDATE the former one. On error the review holds what could be read.
func decodeReview[T any](body []byte) (review[T], error) {
	var whole struct {
		metav1.TypeMeta
		Request *struct {
			header
			Object    *T `json:"object"`
			OldObject *T `json:"oldObject"`
		} `json:"request"`
	}
	err := kjson.UnmarshalCaseSensitivePreserveInts(body, &whole)
	r := whole.Request
	var out review[T]
	if r != nil {
		out.header = r.header
	}
	switch {
	case err != nil:
		return out, fmt.Errorf("decode review: %w", err)
	case whole.Kind != reviewKind || whole.APIVersion != admissionv1.SchemeGroupVersion.String():
		return out, fmt.Errorf("decode review: it is %.100q of %.100q: must be %s of %s", whole.Kind, whole.APIVersion, reviewKind, admissionv1.SchemeGroupVersion)
	case r == nil:
		return out, errors.New("decode review: it has no request")
	case r.Object == nil:
		return out, errors.New("decode review: it has no object")
	case r.Operation == admissionv1.Update && r.OldObject == nil:
		return out, errors.New("decode review: it has no oldObject")
	}
	out.Object = *r.Object
	if r.OldObject != nil {
		out.OldObject = *r.OldObject
	}
	for _, o := range []*T{r.Object, r.OldObject} {
		if checked, ok := any(o).(interface{ check() error }); ok && o != nil {
			if err := checked.check(); err != nil {
				return out, fmt.Errorf("decode review: %w", err)
			}
		}
	}
	return out, nil
}

// maxElements bounds the objects, lists and their elements in a review of an object that
// is decoded completely. A few bytes of text become a struct of hundreds; a LatencyPolicy
// has tens of them.
const maxElements = 10_000

// withFewElements answers only reviews that have at most maxElements.
func withFewElements(a answerer) answerer {
	return func(ctx context.Context, body []byte) (header, admissionhttp.Response) {
		n := 0
		for _, mark := range []string{"{", "[", ","} {
			n += bytes.Count(body, []byte(mark))
		}
		if n > maxElements {
			return header{}, badRequest(fmt.Errorf("decode review: it has %d elements: at most %d are decoded", n, maxElements))
		}
		return a(ctx, body)
	}
}

// name is the object's name as far as it is known at this point of admission.
func (m metadata) name(r header) string { return cmp.Or(r.Name, m.Name, m.GenerateName) }

func (d deployment) workload(r header) model.Workload {
	return model.NewWorkload(model.Workload{
		Namespace: r.Namespace,
		Name:      d.Metadata.name(r),
		UID:       d.Metadata.UID,
		Deleting:  d.Metadata.DeletionTimestamp != nil,
		Replicas:  d.Spec.Replicas,
		Labels:    d.Metadata.Labels,
		PodLabels: d.Spec.Template.Metadata.Labels,
		Selector:  d.Spec.Selector,

		WithoutCPURequest: convert.WithoutCPURequest(d.Spec.Template.Spec.plain()),
	}, d.Metadata.Annotations)
}

func (o service) service(r header) model.Service {
	return model.NewService(model.Service{
		Namespace: r.Namespace,
		Name:      o.Metadata.name(r),
		Deleting:  o.Metadata.DeletionTimestamp != nil,
		Selector:  o.Spec.Selector,
	}, o.Metadata.Annotations)
}

// named is the header with the object's name as far as it is known: without one, the
// request has only the beginning of a name.
func (r *review[T]) named() header {
	head := r.header
	switch o := any(&r.Object).(type) {
	case *deployment:
		head.Name = o.Metadata.name(r.header)
	case *service:
		head.Name = o.Metadata.name(r.header)
	case *v1alpha1.LatencyPolicy:
		head.Name = cmp.Or(r.Name, o.Name, o.GenerateName)
	}
	return head
}

// plain is the part of a PodSpec that was read.
func (p podSpec) plain() corev1.PodSpec {
	out := corev1.PodSpec{Containers: plainContainers(p.Containers), InitContainers: plainContainers(p.InitContainers)}
	if p.Resources != nil {
		r := p.Resources.plain()
		out.Resources = &r
	}
	return out
}

func plainContainers(list []container) []corev1.Container {
	out := make([]corev1.Container, len(list))
	for i, c := range list {
		out[i] = corev1.Container{Name: c.Name, RestartPolicy: c.RestartPolicy, Resources: c.Resources.plain()}
	}
	return out
}

func (r resources) plain() corev1.ResourceRequirements {
	names := func(all map[corev1.ResourceName]any) corev1.ResourceList {
		out := corev1.ResourceList{}
		for name := range all {
			out[name] = resource.Quantity{}
		}
		return out
	}
	return corev1.ResourceRequirements{Requests: names(r.Requests), Limits: names(r.Limits)}
}
