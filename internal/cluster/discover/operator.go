package discover

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/finding"
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
	return marked(name) || markedBy(labels) ||
		name == "controller-manager-metrics-service" && strings.Contains(namespace, "kong") // kustomize
}

func marked(text string) bool {
	return slices.ContainsFunc(operatorMarks, func(mark string) bool { return strings.Contains(text, mark) })
}

func markedBy(labels map[string]string) bool {
	return marked(labels["app.kubernetes.io/name"]) || marked(labels["app.kubernetes.io/part-of"]) || marked(labels["helm.sh/chart"])
}

// RunsOperator reports whether a Deployment has Kong Operator running. Of all ways to
// install it at least one mark stays: the image of kong/kong-operator or
// kong/gateway-operator-oss, whatever registry has it; the labels or the name that a chart
// gives; the name that kustomize gives. They are as many as those of the Service, so that
// the operator's own Deployment is not missed.
func RunsOperator(d *appsv1.Deployment) bool {
	if ptr.Deref(d.Spec.Replicas, 1) == 0 {
		return false
	}
	for _, c := range d.Spec.Template.Spec.Containers {
		if marked(imageName(c.Image)) {
			return true
		}
	}
	for _, has := range []map[string]string{d.Labels, d.Spec.Template.Labels} {
		// The component is that of the charts kong-operator and gateway-operator.
		if component := has["app.kubernetes.io/component"]; markedBy(has) || component == "ko" || component == "kgo" {
			return true
		}
	}
	return marked(d.Name) || d.Name == controllerManager && strings.Contains(d.Namespace, "kong")
}

// imageName is the last part of an image's name, without tag and digest.
func imageName(image string) string {
	name := image[strings.LastIndex(image, "/")+1:]
	if end := strings.IndexAny(name, ":@"); end >= 0 {
		name = name[:end]
	}
	return name
}

// OperatorService converts a Service of Kong Operator's metrics.
func OperatorService(s *corev1.Service) pipeline.OperatorService {
	out := pipeline.OperatorService{Namespace: s.Namespace, Name: s.Name, Labels: s.Labels, Selector: s.Spec.Selector}
	for _, p := range s.Spec.Ports {
		out.Ports = append(out.Ports, pipeline.ServicePort{Name: p.Name, Port: p.Port, TargetPort: p.TargetPort.String()})
	}
	return out
}

// DeploymentsIn returns the Deployments of a namespace, at least those that run Kong
// Operator. The error says why they are not known.
type DeploymentsIn func(namespace string) ([]appsv1.Deployment, error)

// Corroborate finds what runs behind Services, of which there are several: of one there is
// nothing to decide.
func Corroborate(services []pipeline.OperatorService, in DeploymentsIn) {
	if len(services) < 2 {
		return
	}
	type result struct {
		operators []appsv1.Deployment
		err       error
	}
	read := map[string]result{}
	for i := range services {
		s := &services[i]
		r, ok := read[s.Namespace]
		if !ok {
			r.operators, r.err = in(s.Namespace)
			r.operators = slices.DeleteFunc(r.operators, func(d appsv1.Deployment) bool { return !RunsOperator(&d) })
			read[s.Namespace] = r
		}
		if r.err != nil {
			s.Behind = pipeline.Set[finding.Object]{State: pipeline.Unreadable, Why: Unreadable("Deployments", r.err)}
			continue
		}
		s.Behind = pipeline.KnownSet[finding.Object]()
		for k := range r.operators {
			d := &r.operators[k]
			if len(s.Selector) > 0 && labels.SelectorFromSet(s.Selector).Matches(labels.Set(d.Spec.Template.Labels)) {
				s.Behind.Items = append(s.Behind.Items, finding.Object{Kind: "Deployment", Namespace: d.Namespace, Name: d.Name})
				break // one is enough
			}
		}
	}
}

// OperatorServices returns those of services that may be the one of Kong Operator's
// metrics; err says why services could not be listed. Of several, it finds in Deployments
// behind which ones it runs.
func OperatorServices(services []corev1.Service, err error, deployments DeploymentsIn) pipeline.Set[pipeline.OperatorService] {
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
	Corroborate(set.Items, deployments)
	return set
}

// ListOperatorServices reads them from the API server, narrowed by the label that all
// of them have.
func ListOperatorServices(ctx context.Context, direct client.Reader) pipeline.Set[pipeline.OperatorService] {
	var list corev1.ServiceList
	err := direct.List(ctx, &list, client.MatchingLabels{controlPlaneLabel: controllerManager})
	return OperatorServices(list.Items, err, func(namespace string) ([]appsv1.Deployment, error) {
		var list appsv1.DeploymentList
		err := direct.List(ctx, &list, client.InNamespace(namespace))
		return list.Items, err
	})
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
