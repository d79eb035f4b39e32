package watch

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/model"
)

// neighborKinds are the readers of the kinds that Neighbors are made of. Of each object
// little is kept: what it selects and how its pods are labelled, or what it scales.
type neighborKinds struct {
	scaledObjects, httpScaledObjects                *reader[model.Autoscaler]
	datadogPodAutoscalers, watermarkPodAutoscalers  *reader[model.Autoscaler]
	statefulSets, daemonSets, replicaSets, rollouts *reader[model.PodOwner]
	canaries                                        *reader[model.Takeover]
	limitRanges                                     *reader[model.CPUDefault]
}

func newNeighborKinds(d deps) neighborKinds {
	of := func(group, version, resource string) schema.GroupVersionResource {
		return schema.GroupVersionResource{Group: group, Version: version, Resource: resource}
	}
	k := neighborKinds{
		scaledObjects:     newReader(d, convert.ScaledObject, of(convert.KEDAGroup, "v1alpha1", "scaledobjects")),
		httpScaledObjects: newReader(d, convert.HTTPScaledObject, of(convert.HTTPKEDAGroup, "v1alpha1", "httpscaledobjects")),
		datadogPodAutoscalers: newReader(d, convert.DatadogPodAutoscaler,
			of(convert.DatadogGroup, "v1alpha2", "datadogpodautoscalers"), of(convert.DatadogGroup, "v1alpha1", "datadogpodautoscalers")),
		watermarkPodAutoscalers: newReader(d, convert.WatermarkPodAutoscaler, of(convert.DatadogGroup, "v1alpha1", "watermarkpodautoscalers")),
		statefulSets:            newReader(d, convert.StatefulSet, appsv1.SchemeGroupVersion.WithResource("statefulsets")),
		daemonSets:              newReader(d, convert.DaemonSet, appsv1.SchemeGroupVersion.WithResource("daemonsets")),
		replicaSets:             newReader(d, convert.ReplicaSet, appsv1.SchemeGroupVersion.WithResource("replicasets")),
		rollouts:                newReader(d, convert.Rollout, of(convert.ArgoGroup, "v1alpha1", "rollouts")),
		canaries:                newReader(d, convert.Canary, of(convert.FlaggerGroup, "v1beta1", "canaries")),
		limitRanges:             newReader(d, convert.CPUDefault, corev1.SchemeGroupVersion.WithResource("limitranges")),
	}
	// Deployments have ten thousands of ReplicaSets, which the API server leaves out.
	k.replicaSets.labels = convert.UnhashedReplicaSets
	return k
}

func (k neighborKinds) all() []kind {
	return []kind{
		k.scaledObjects, k.httpScaledObjects, k.datadogPodAutoscalers, k.watermarkPodAutoscalers,
		k.statefulSets, k.daemonSets, k.replicaSets, k.rollouts, k.canaries, k.limitRanges,
	}
}

func (k neighborKinds) sets() cache.NeighborSets {
	return cache.NeighborSets{
		ScaledObjects: k.scaledObjects.set(), HTTPScaledObjects: k.httpScaledObjects.set(),
		DatadogPodAutoscalers: k.datadogPodAutoscalers.set(), WatermarkPodAutoscalers: k.watermarkPodAutoscalers.set(),
		StatefulSets: k.statefulSets.set(), DaemonSets: k.daemonSets.set(), ReplicaSets: k.replicaSets.set(), Rollouts: k.rollouts.set(),
		Canaries: k.canaries.set(), LimitRanges: k.limitRanges.set(),
	}
}
