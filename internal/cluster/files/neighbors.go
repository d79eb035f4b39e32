package files

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/model"
)

// ownerKinds are how the kinds that own pods are read, beside Deployments.
var ownerKinds = []struct {
	group, kind string
	convert     func(*unstructured.Unstructured) (model.PodOwner, error)
}{
	{appsv1.GroupName, "StatefulSet", convert.StatefulSet},
	{appsv1.GroupName, "DaemonSet", convert.DaemonSet},
	{appsv1.GroupName, "ReplicaSet", convert.ReplicaSet},
	{convert.ArgoGroup, "Rollout", convert.Rollout},
	{convert.KnativeGroup, "Service", convert.KnativeService},
}

// autoscalerKinds are how the autoscalers of other products are read.
var autoscalerKinds = []struct {
	group, kind string
	convert     func(*unstructured.Unstructured) (model.Autoscaler, error)
}{
	{convert.KEDAGroup, model.KindScaledObject, convert.ScaledObject},
	{convert.HTTPKEDAGroup, model.KindHTTPScaledObject, convert.HTTPScaledObject},
	{convert.DatadogGroup, model.KindDatadog, convert.DatadogPodAutoscaler},
	{convert.DatadogGroup, model.KindWatermark, convert.WatermarkPodAutoscaler},
}

// addNeighbor adds an object if it concerns the pods or the replicas of Deployments.
func (c *Cluster) addNeighbor(u *unstructured.Unstructured) error {
	for _, k := range ownerKinds {
		if !ofKind(k.group, k.kind)(u) {
			continue
		}
		o, err := k.convert(u)
		if err != nil {
			return err
		}
		// One without a selector is a patch, or has none of its own.
		if o.Selector != nil || o.TakesOver != nil || o.Kind == model.KindKnativeService {
			c.Owners = append(c.Owners, o)
		}
		return nil
	}
	switch {
	case ofKind(convert.FlaggerGroup, "Canary")(u):
		t, err := convert.Canary(u)
		if err != nil {
			return err
		}
		c.Takeovers = append(c.Takeovers, t)
	case ofKind(corev1.GroupName, "LimitRange")(u):
		d, err := convert.CPUDefault(u)
		if err != nil {
			return err
		}
		c.CPUDefaults = append(c.CPUDefaults, d)
	}
	return nil
}

// sortNeighbors adds the neighbors to the catalogs of their namespaces. Of objects with the
// same name the last one counts.
func (c *Cluster) sortNeighbors(out map[string]model.StaticCatalog) {
	type key struct{ kind, namespace, name string }
	seen := map[key]bool{}
	first := func(kind, namespace, name string) bool {
		k := key{kind, namespace, name}
		was := seen[k]
		seen[k] = true
		return !was
	}
	for _, o := range slices.Backward(c.Owners) {
		if set := out[o.Namespace]; first(o.Kind, o.Namespace, o.Name) {
			set.Owners = append(set.Owners, o)
			out[o.Namespace] = set
		}
	}
	for _, t := range slices.Backward(c.Takeovers) {
		if set := out[t.Namespace]; first(t.Kind, t.Namespace, t.Name) {
			set.Takeovers = append(set.Takeovers, t)
			out[t.Namespace] = set
		}
	}
	for _, d := range slices.Backward(c.CPUDefaults) {
		if set := out[d.Namespace]; first("LimitRange", d.Namespace, d.Name) {
			set.CPUDefaults = append(set.CPUDefaults, d)
			out[d.Namespace] = set
		}
	}
}
