package discover

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// The label that every metrics Service of the operator has.
const (
	controlPlaneLabel = "control-plane"
	controllerManager = "controller-manager"
)

// operatorMarks occur in the names of the operator's charts, and so in the names and
// labels of what they install.
var operatorMarks = []string{"gateway-operator", "kong-operator"}

// IsOperatorService reports whether a Service may be the one of Kong Operator's
// metrics. The label control-plane is on the metrics Service of every way to
// install the operator, but every other program made with kubebuilder has it too.
func IsOperatorService(namespace, name string, labels map[string]string) bool {
	if labels[controlPlaneLabel] != controllerManager || strings.Contains(name, "webhook") || strings.Contains(name, "config-dump") {
		return false
	}
	if labels["app.kubernetes.io/component"] == "ko" {
		return true // chart kong-operator
	}
	if !strings.HasSuffix(name, "-metrics") && !strings.HasSuffix(name, "-metrics-service") {
		return false
	}
	for _, text := range []string{name, labels["app.kubernetes.io/name"], labels["app.kubernetes.io/part-of"], labels["helm.sh/chart"]} {
		if slices.ContainsFunc(operatorMarks, func(mark string) bool { return strings.Contains(text, mark) }) {
			return true
		}
	}
	return name == "controller-manager-metrics-service" && strings.Contains(namespace, "kong") // kustomize
}

// OperatorService converts a Service of Kong Operator's metrics.
func OperatorService(s *corev1.Service) pipeline.OperatorService {
	out := pipeline.OperatorService{Namespace: s.Namespace, Name: s.Name, Labels: s.Labels, Selector: s.Spec.Selector}
	for _, p := range s.Spec.Ports {
		out.Ports = append(out.Ports, pipeline.ServicePort{Name: p.Name, Port: p.Port, TargetPort: p.TargetPort.String()})
	}
	return out
}

// OperatorServices returns those of services that may be the one of Kong Operator's
// metrics; err says why services could not be listed.
func OperatorServices(services []corev1.Service, err error) pipeline.Set[pipeline.OperatorService] {
	if err != nil {
		return pipeline.Set[pipeline.OperatorService]{State: pipeline.Unreadable, Why: Unreadable("Services", err)}
	}
	set := pipeline.KnownSet[pipeline.OperatorService]()
	for i := range services {
		s := &services[i]
		if IsOperatorService(s.Namespace, s.Name, s.Labels) {
			set.Items = append(set.Items, OperatorService(s))
		}
	}
	if len(set.Items) == 0 {
		// They are recognized by their labels and names, so that finding none proves nothing.
		return pipeline.Set[pipeline.OperatorService]{State: pipeline.Unreadable,
			Why: "no Service looks like that of Kong Operator's metrics; name it by --operator-service"}
	}
	slices.SortFunc(set.Items, func(a, b pipeline.OperatorService) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return set
}

// ListOperatorServices reads them from the API server, narrowed by the label that all
// of them have.
func ListOperatorServices(ctx context.Context, direct client.Reader) pipeline.Set[pipeline.OperatorService] {
	var list corev1.ServiceList
	err := direct.List(ctx, &list, client.MatchingLabels{controlPlaneLabel: controllerManager})
	return OperatorServices(list.Items, err)
}

// NamedOperatorService reads the Service that the configuration names from the API
// server: of most Services the cache has neither labels nor ports. The set is empty if
// there is no such Service.
func NamedOperatorService(ctx context.Context, direct client.Reader, name types.NamespacedName) pipeline.Set[pipeline.OperatorService] {
	var s corev1.Service
	switch err := direct.Get(ctx, name, &s); {
	case apierrors.IsNotFound(err):
		return pipeline.KnownSet[pipeline.OperatorService]()
	case err != nil:
		return pipeline.Set[pipeline.OperatorService]{State: pipeline.Unreadable, Why: Unreadable("Service "+name.String(), err)}
	}
	return pipeline.KnownSet(OperatorService(&s))
}

// Unreadable is the clause that says why one object could not be read.
func Unreadable(what string, err error) string {
	switch {
	case apierrors.IsNotFound(err):
		return what + " does not exist"
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return "reading " + what + " is forbidden"
	default:
		return fmt.Sprintf("reading %s fails: %v", what, err)
	}
}
