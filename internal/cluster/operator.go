package cluster

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

// indexOperator is the index of the Services that isOperatorService is true of,
// all under the same value.
const (
	indexOperator = "kong-latency/operator"
	operatorValue = "true"
)

// The label that every metrics Service of the operator has.
const (
	controlPlaneLabel = "control-plane"
	controllerManager = "controller-manager"
)

// operatorMarks stand in the names of the operator's charts, and so in the
// names and labels of what they install.
var operatorMarks = []string{"gateway-operator", "kong-operator"}

// isOperatorService tells whether a Service may be the one of Kong Operator's
// metrics. The label control-plane is on the metrics Service of every way to
// install the operator, but every other program made with kubebuilder has it too.
func isOperatorService(namespace, name string, labels map[string]string) bool {
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

// operatorPorts is what is kept of the ports of a Service that may be the operator's.
func operatorPorts(ports []corev1.ServicePort) []corev1.ServicePort {
	out := make([]corev1.ServicePort, len(ports))
	for i, p := range ports {
		out[i] = corev1.ServicePort{Name: p.Name, Port: p.Port, TargetPort: p.TargetPort}
	}
	return out
}

func operatorService(s *corev1.Service) pipeline.OperatorService {
	out := pipeline.OperatorService{Namespace: s.Namespace, Name: s.Name, Labels: s.Labels}
	for _, p := range s.Spec.Ports {
		out.Ports = append(out.Ports, pipeline.ServicePort{Name: p.Name, Port: p.Port, TargetPort: p.TargetPort.String()})
	}
	return out
}

// operatorCandidates are the Services that may be the operator's, among those that
// the selection lists.
func operatorCandidates(ctx context.Context, from client.Reader, selection client.ListOption) pipeline.Set[pipeline.OperatorService] {
	var list corev1.ServiceList
	if err := from.List(ctx, &list, selection, client.UnsafeDisableDeepCopy); err != nil {
		return pipeline.Set[pipeline.OperatorService]{State: pipeline.Unreadable, Why: unreadable("Services", err)}
	}
	set := pipeline.KnownSet[pipeline.OperatorService]()
	for i := range list.Items {
		s := &list.Items[i]
		if isOperatorService(s.Namespace, s.Name, s.Labels) {
			set.Items = append(set.Items, operatorService(s))
		}
	}
	if len(set.Items) == 0 {
		// They are known by their looks, so that none looks like it proves nothing.
		return pipeline.Set[pipeline.OperatorService]{State: pipeline.Unreadable,
			Why: "no Service looks like that of Kong Operator's metrics; name it by --operator-service"}
	}
	slices.SortFunc(set.Items, func(a, b pipeline.OperatorService) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return set
}

// namedOperatorService is the Service that configuration names, read anew: of
// most Services the cache holds neither labels nor ports. The set is empty if
// there is no such Service.
func namedOperatorService(ctx context.Context, direct client.Reader, name types.NamespacedName) pipeline.Set[pipeline.OperatorService] {
	var s corev1.Service
	switch err := direct.Get(ctx, name, &s); {
	case apierrors.IsNotFound(err):
		return pipeline.KnownSet[pipeline.OperatorService]()
	case err != nil:
		return pipeline.Set[pipeline.OperatorService]{State: pipeline.Unreadable, Why: unreadable("Service "+name.String(), err)}
	}
	s.Spec.Ports = operatorPorts(s.Spec.Ports)
	return pipeline.KnownSet(operatorService(&s))
}

// unreadable is the clause that says why one object could not be read.
func unreadable(what string, err error) string {
	switch {
	case apierrors.IsNotFound(err):
		return what + " does not exist"
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return "reading " + what + " is forbidden"
	default:
		return fmt.Sprintf("reading %s fails: %v", what, err)
	}
}
