package webhook

import (
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
	kjson "sigs.k8s.io/json"

	"github.com/kong-latency/kong-latency/annotations"
	"github.com/kong-latency/kong-latency/target"
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
		Replicas *int32 `json:"replicas"`
		Template struct {
			Metadata struct {
				Labels map[string]string `json:"labels"`
			} `json:"metadata"`
		} `json:"template"`
	} `json:"spec"`
}

type service struct {
	Metadata metadata `json:"metadata"`
	Spec     struct {
		Selector map[string]string `json:"selector"`
	} `json:"spec"`
}

// decode reads raw as the API server wrote it: field names are case-sensitive,
// and unknown fields are of no interest here.
func decode(raw []byte, into any) error {
	if len(raw) == 0 {
		return fmt.Errorf("decode object: it is empty")
	}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(raw, into); err != nil {
		return fmt.Errorf("decode object: %w", err)
	}
	return nil
}

// name is the object's name as far as it is known at this point of admission.
func (m metadata) name(req *admission.Request) string {
	switch {
	case req.Name != "":
		return req.Name
	case m.Name != "":
		return m.Name
	default:
		return m.GenerateName
	}
}

func decodeWorkload(raw []byte, req *admission.Request) (target.Workload, error) {
	var d deployment
	if err := decode(raw, &d); err != nil {
		return target.Workload{}, err
	}
	return d.workload(req), nil
}

func (d deployment) workload(req *admission.Request) target.Workload {
	return target.Workload{
		Namespace:   req.Namespace,
		Name:        d.Metadata.name(req),
		UID:         d.Metadata.UID,
		Deleting:    d.Metadata.DeletionTimestamp != nil,
		Replicas:    d.Spec.Replicas,
		Labels:      d.Metadata.Labels,
		PodLabels:   d.Spec.Template.Metadata.Labels,
		Annotations: annotations.Ours(d.Metadata.Annotations),
	}
}

func decodeService(raw []byte, req *admission.Request) (s target.Service, deleting bool, err error) {
	var o service
	if err := decode(raw, &o); err != nil {
		return target.Service{}, false, err
	}
	return target.Service{
		Namespace:   req.Namespace,
		Name:        o.Metadata.name(req),
		Selector:    o.Spec.Selector,
		Annotations: annotations.Ours(o.Metadata.Annotations),
	}, o.Metadata.DeletionTimestamp != nil, nil
}
