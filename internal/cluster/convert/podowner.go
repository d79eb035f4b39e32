package convert

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output"
)

// The API groups of products that own pods or set replicas.
const (
	ArgoGroup     = "argoproj.io"
	FlaggerGroup  = "flagger.app"
	HTTPKEDAGroup = "http.keda.sh"
	DatadogGroup  = "datadoghq.com"
	KnativeGroup  = "serving.knative.dev"
)

// UnhashedReplicaSets selects the ReplicaSets that no Deployment and no Rollout made:
// these have such labels.
const UnhashedReplicaSets = "!pod-template-hash,!rollouts-pod-template-hash"

// StatefulSet reads the selector and the pod labels of a StatefulSet.
func StatefulSet(u *unstructured.Unstructured) (model.PodOwner, error) {
	return podOwner(u, model.KindStatefulSet)
}

// DaemonSet reads the selector and the pod labels of a DaemonSet.
func DaemonSet(u *unstructured.Unstructured) (model.PodOwner, error) {
	return podOwner(u, model.KindDaemonSet)
}

// ReplicaSet reads the selector and the pod labels of a ReplicaSet that nothing controls.
// One that a Deployment controls has nothing: its pods are the Deployment's.
func ReplicaSet(u *unstructured.Unstructured) (model.PodOwner, error) {
	if output.ControllerOf(u) != (model.Ref{}) {
		return model.PodOwner{Kind: model.KindReplicaSet, Namespace: u.GetNamespace(), Name: u.GetName()}, nil
	}
	return podOwner(u, model.KindReplicaSet)
}

// Rollout reads a Rollout of Argo Rollouts, which has a template or refers to a workload
// that has it: https://argo-rollouts.readthedocs.io/en/stable/migrating/
func Rollout(u *unstructured.Unstructured) (model.PodOwner, error) {
	n := nestedOf(u)
	target := output.TargetRef(n.text("spec", "workloadRef", "apiVersion"),
		n.text("spec", "workloadRef", "kind"), n.text("spec", "workloadRef", "name"))
	scaleDown := n.text("spec", "workloadRef", "scaleDown")
	if err := n.err(); err != nil {
		return model.PodOwner{}, err
	}
	out, err := podOwner(u, model.KindRollout)
	if target.Kind == "Deployment" && target.Name != "" {
		out.TakesOver = &model.Takeover{
			Kind: model.KindRollout, Namespace: u.GetNamespace(), Name: u.GetName(), Deployment: target.Name, ScaleDown: scaleDown,
		}
		// Its template is the Deployment's, and so are the pods.
		out.Selector, out.PodLabels = nil, nil
	}
	return out, err
}

// KnativeService reads a Service of Knative, which labels the pods of its revisions:
// https://knative.dev/docs/serving/services/
func KnativeService(u *unstructured.Unstructured) (model.PodOwner, error) {
	out, err := podOwner(u, model.KindKnativeService)
	podLabels := map[string]string{
		"serving.knative.dev/service": u.GetName(), "serving.knative.dev/configuration": u.GetName(),
	}
	for k, v := range out.PodLabels {
		podLabels[k] = v
	}
	out.PodLabels, out.Selector = podLabels, nil
	return out, err
}

// Canary reads a Canary of Flagger, which scales its target and serves by a copy of it:
// https://docs.flagger.app/usage/how-it-works
func Canary(u *unstructured.Unstructured) (model.Takeover, error) {
	n := nestedOf(u)
	out := model.Takeover{Kind: model.KindCanary, Namespace: u.GetNamespace(), Name: u.GetName()}
	target := output.TargetRef(n.text("spec", "targetRef", "apiVersion"), n.text("spec", "targetRef", "kind"), n.text("spec", "targetRef", "name"))
	if target.Kind == "Deployment" {
		out.Deployment = target.Name
	}
	return out, n.err()
}

// CPUDefault reads whether a LimitRange gives a CPU request to containers that have none.
// Its default limit counts as request, too.
func CPUDefault(u *unstructured.Unstructured) (model.CPUDefault, error) {
	n := nestedOf(u)
	out := model.CPUDefault{Namespace: u.GetNamespace(), Name: u.GetName()}
	for _, limit := range n.list("spec", "limits") {
		if limit.text("type") == string(corev1.LimitTypeContainer) {
			out.Sets = out.Sets || limit.present("defaultRequest", "cpu") || limit.present("default", "cpu")
		}
	}
	return out, n.err()
}

// podOwner reads the selector and the labels of the pod template of an object, of which
// the API requires both where it has none of them elsewhere.
func podOwner(u *unstructured.Unstructured, kind string) (model.PodOwner, error) {
	n := nestedOf(u)
	out := model.PodOwner{
		Kind: kind, Namespace: u.GetNamespace(), Name: u.GetName(), Deleting: u.GetDeletionTimestamp() != nil,
		PodLabels: n.texts("spec", "template", "metadata", "labels"),
	}
	selector := n.inside("spec", "selector")
	if err := n.err(); err != nil || selector == nil {
		return out, err
	}
	out.Selector = &metav1.LabelSelector{}
	return out, runtime.DefaultUnstructuredConverter.FromUnstructured(selector, out.Selector)
}

// WithoutCPURequest returns the containers of a pod template by which the CPU utilization
// of its pods cannot be computed: those that have no CPU request, nor a limit, which
// counts as one, unless the whole pod has. Of init containers only sidecars count.
func WithoutCPURequest(s corev1.PodSpec) []string {
	if s.Resources != nil && requestsCPU(*s.Resources) {
		return nil
	}
	var out []string
	for _, c := range s.Containers {
		if !requestsCPU(c.Resources) {
			out = append(out, c.Name)
		}
	}
	for _, c := range s.InitContainers {
		if isSidecar(c) && !requestsCPU(c.Resources) {
			out = append(out, c.Name)
		}
	}
	return out
}

func isSidecar(c corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

func requestsCPU(r corev1.ResourceRequirements) bool {
	_, request := r.Requests[corev1.ResourceCPU]
	_, limit := r.Limits[corev1.ResourceCPU]
	return request || limit
}
