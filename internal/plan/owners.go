package plan

import (
	"slices"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/policy"
)

const deploymentKind = string(annotations.OnDeployment)

// knativeLabel is on the pods of a Service of Knative.
const knativeLabel = "serving.knative.dev/service"

// takeovers returns by which other controllers the pods of w are run or its replicas are
// set, and whether that is not known.
func takeovers(w model.Workload, c model.Neighbors) []finding.Finding {
	list, unread := c.TakeoversOf(w.Name)
	if name := w.PodLabels[knativeLabel]; name != "" {
		list = append(slices.Clone(list), model.Takeover{Kind: model.KindKnativeService, Name: name})
	}
	var out []finding.Finding
	for _, t := range list {
		out = append(out, takeover(w, t).At(annotations.Path(annotations.TargetMS)))
	}
	if unread != "" {
		out = append(out, OtherAutoscalersUnknown.On(w.Object(), "whether another controller sets its replicas could not be found out: %s", unread))
	}
	return out
}

func takeover(w model.Workload, t model.Takeover) finding.Finding {
	switch {
	case t.Kind == model.KindCanary:
		return ReplicasControlled.On(w.Object(), "Canary %s of Flagger scales it to 0 after each analysis and serves by Deployment %s-primary, which the HorizontalPodAutoscaler of Deployment %s does not scale",
			t.Name, w.Name, w.Name).
			Suggest("remove the annotations from Deployment %s, and have Deployment %s-primary scaled", w.Name, w.Name)
	case t.Kind == model.KindKnativeService:
		return ReplicasControlled.On(w.Object(), "Knative Service %s owns Deployment %s, and Knative's autoscaler sets its replicas", t.Name, w.Name).
			Suggest("remove %s; scale the Knative Service by autoscaling.knative.dev annotations", annotations.TargetMS)
	case t.ScaleDown == "onsuccess" || t.ScaleDown == "progressively":
		return ReplicasControlled.On(w.Object(), "Rollout %s runs the pods of Deployment %s by workloadRef and scales it to 0 (scaleDown: %s); its HorizontalPodAutoscaler scales nothing then",
			t.Name, w.Name, t.ScaleDown).
			Suggest("scale Rollout %s; kong-latency scales Deployments only", t.Name)
	default:
		return ReplicasControlled.On(w.Object(), "Rollout %s runs the pods of Deployment %s by workloadRef; the HorizontalPodAutoscaler of the Deployment does not scale them", t.Name, w.Name).
			Suggest("scale Rollout %s; kong-latency scales Deployments only", t.Name)
	}
}

// noDeployment is that a Service selects the pods of no Deployment, and whose they are
// instead.
func noDeployment(s model.Service, c model.Neighbors) finding.Finding {
	field := annotations.Path(annotations.TargetMS)
	if owners := ownersBehind(s, c); owners != "" {
		return NoDeploymentSelected.On(s.Object(), "the pods that it selects belong to %s; only Deployments are autoscaled", owners).
			Suggest("remove %s from Service %s", annotations.TargetMS, s.Name).At(field)
	}
	return NoDeploymentSelected.On(s.Object(), "%s", nothingSelected(s)).At(field)
}

// deploymentNotFound is that the Deployment that a Service names is not there, and what has
// its name instead.
func deploymentNotFound(s model.Service, name string, c model.Neighbors) finding.Finding {
	field := annotations.Path(annotations.Deployment)
	for _, o := range c.OwnersBehind(s).List {
		if o.Name == name {
			return DeploymentNotFound.On(s.Object(), "%s is %s, which is a %s; only Deployments are autoscaled",
				annotations.Deployment, name, model.PlainKind(o.Kind)).
				Suggest("remove %s from Service %s", annotations.TargetMS, s.Name).At(field)
		}
	}
	return DeploymentNotFound.On(s.Object(), "%s is %s, and namespace %s has no such Deployment",
		annotations.Deployment, name, s.Namespace).At(field)
}

// ownersBehind names what owns the pods that a Service selects, other than Deployments.
func ownersBehind(s model.Service, c model.Neighbors) string {
	var list []string
	for _, o := range c.OwnersBehind(s).List {
		list = append(list, o.Object().String())
	}
	if len(list) == 0 {
		return ""
	}
	return enumerate(list)
}

// cpuRequests finds containers by which the CPU metric cannot be computed: the HPA
// controller divides by the sum of all requests, and gives the metric up if one is missing.
// While a metric is missing it scales out by the others, and never in.
func cpuRequests(w model.Workload, r policy.Resolved, c model.Neighbors) []finding.Finding {
	if r.CPUUtilization == nil || len(w.WithoutCPURequest) == 0 {
		return nil
	}
	field := finding.NewPath("spec", "template", "spec")
	if w.Annotations.Settings.CPUUtilization != nil {
		field = annotations.Path(annotations.CPUUtilization)
	}
	names := enumerate(w.WithoutCPURequest)
	defaulted, unread := c.CPURequestIsDefaulted()
	switch {
	case defaulted:
		return nil
	case unread != "":
		return []finding.Finding{CPURequestUnknown.On(w.Object(),
			"%s needs a CPU request of every container, and whether %s gets one from a LimitRange could not be found out: %s",
			annotations.CPUUtilization, names, unread).At(field)}
	}
	return []finding.Finding{CPURequestMissing.On(w.Object(),
		"%s needs a CPU request of every container, and %s has none; without the CPU metric Kubernetes never scales in",
		annotations.CPUUtilization, names).
		Suggest("set resources.requests.cpu of %s", names).At(field)}
}
