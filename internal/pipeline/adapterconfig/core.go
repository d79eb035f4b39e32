package adapterconfig

import (
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// CoreResources are the kinds that every Kubernetes cluster has, for use where
// no cluster can be read. A resource that is missing here may still exist in
// a cluster, as a custom resource.
var CoreResources = NewResources(builtIn())

// builtIn lists kinds, whose names in the plural are regular.
func builtIn() []*metav1.APIResourceList {
	var out []*metav1.APIResourceList
	for _, g := range []struct{ version, namespaced, root string }{
		{"v1", "ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret ServiceAccount Service",
			"ComponentStatus Namespace Node PersistentVolume"},
		{"apiregistration.k8s.io/v1", "", "APIService"},
		{"apps/v1", "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet", ""},
		{"events.k8s.io/v1", "Event", ""},
		{"autoscaling/v2", "HorizontalPodAutoscaler", ""},
		{"autoscaling/v1", "HorizontalPodAutoscaler", ""},
		{"batch/v1", "CronJob Job", ""},
		{"certificates.k8s.io/v1", "", "CertificateSigningRequest"},
		{"networking.k8s.io/v1", "Ingress NetworkPolicy", "IngressClass IPAddress ServiceCIDR"},
		{"policy/v1", "PodDisruptionBudget", ""},
		{"rbac.authorization.k8s.io/v1", "RoleBinding Role", "ClusterRoleBinding ClusterRole"},
		{"storage.k8s.io/v1", "CSIStorageCapacity", "CSIDriver CSINode StorageClass VolumeAttachment"},
		{"admissionregistration.k8s.io/v1", "",
			"MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration"},
		{"apiextensions.k8s.io/v1", "", "CustomResourceDefinition"},
		{"scheduling.k8s.io/v1", "", "PriorityClass"},
		{"coordination.k8s.io/v1", "Lease", ""},
		{"node.k8s.io/v1", "", "RuntimeClass"},
		{"discovery.k8s.io/v1", "EndpointSlice", ""},
		{"flowcontrol.apiserver.k8s.io/v1", "", "FlowSchema PriorityLevelConfiguration"},
	} {
		list := &metav1.APIResourceList{GroupVersion: g.version}
		add := func(kinds string, namespaced bool) {
			for _, kind := range strings.Fields(kinds) {
				plural, _ := meta.UnsafeGuessKindToResource(schema.GroupVersionKind{Kind: kind})
				list.APIResources = append(list.APIResources, metav1.APIResource{Name: plural.Resource, Kind: kind, Namespaced: namespaced})
			}
		}
		add(g.namespaced, true)
		add(g.root, false)
		out = append(out, list)
	}
	return out
}
