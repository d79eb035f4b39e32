package adapterconfig

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// CoreResources are the kinds that every Kubernetes cluster has, for use where
// no cluster can be read. A resource that is missing here may still exist in
// a cluster, as a custom resource.
var CoreResources = NewResources(builtIn())

func group(gv string, resources ...metav1.APIResource) *metav1.APIResourceList {
	return &metav1.APIResourceList{GroupVersion: gv, APIResources: resources}
}

func ns(plural, singular, kind string) metav1.APIResource {
	return metav1.APIResource{Name: plural, SingularName: singular, Kind: kind, Namespaced: true}
}

func root(plural, singular, kind string) metav1.APIResource {
	return metav1.APIResource{Name: plural, SingularName: singular, Kind: kind}
}

func builtIn() []*metav1.APIResourceList {
	return []*metav1.APIResourceList{
		group("v1",
			root("componentstatuses", "componentstatus", "ComponentStatus"),
			ns("configmaps", "configmap", "ConfigMap"),
			ns("endpoints", "endpoints", "Endpoints"),
			ns("events", "event", "Event"),
			ns("limitranges", "limitrange", "LimitRange"),
			root("namespaces", "namespace", "Namespace"),
			root("nodes", "node", "Node"),
			ns("persistentvolumeclaims", "persistentvolumeclaim", "PersistentVolumeClaim"),
			root("persistentvolumes", "persistentvolume", "PersistentVolume"),
			ns("pods", "pod", "Pod"),
			ns("podtemplates", "podtemplate", "PodTemplate"),
			ns("replicationcontrollers", "replicationcontroller", "ReplicationController"),
			ns("resourcequotas", "resourcequota", "ResourceQuota"),
			ns("secrets", "secret", "Secret"),
			ns("serviceaccounts", "serviceaccount", "ServiceAccount"),
			ns("services", "service", "Service"),
		),
		group("apiregistration.k8s.io/v1", root("apiservices", "apiservice", "APIService")),
		group("apps/v1",
			ns("controllerrevisions", "controllerrevision", "ControllerRevision"),
			ns("daemonsets", "daemonset", "DaemonSet"),
			ns("deployments", "deployment", "Deployment"),
			ns("replicasets", "replicaset", "ReplicaSet"),
			ns("statefulsets", "statefulset", "StatefulSet"),
		),
		group("events.k8s.io/v1", ns("events", "event", "Event")),
		group("autoscaling/v2", ns("horizontalpodautoscalers", "horizontalpodautoscaler", "HorizontalPodAutoscaler")),
		group("autoscaling/v1", ns("horizontalpodautoscalers", "horizontalpodautoscaler", "HorizontalPodAutoscaler")),
		group("batch/v1",
			ns("cronjobs", "cronjob", "CronJob"),
			ns("jobs", "job", "Job"),
		),
		group("certificates.k8s.io/v1", root("certificatesigningrequests", "certificatesigningrequest", "CertificateSigningRequest")),
		group("networking.k8s.io/v1",
			root("ingressclasses", "ingressclass", "IngressClass"),
			ns("ingresses", "ingress", "Ingress"),
			root("ipaddresses", "ipaddress", "IPAddress"),
			ns("networkpolicies", "networkpolicy", "NetworkPolicy"),
			root("servicecidrs", "servicecidr", "ServiceCIDR"),
		),
		group("policy/v1", ns("poddisruptionbudgets", "poddisruptionbudget", "PodDisruptionBudget")),
		group("rbac.authorization.k8s.io/v1",
			root("clusterrolebindings", "clusterrolebinding", "ClusterRoleBinding"),
			root("clusterroles", "clusterrole", "ClusterRole"),
			ns("rolebindings", "rolebinding", "RoleBinding"),
			ns("roles", "role", "Role"),
		),
		group("storage.k8s.io/v1",
			root("csidrivers", "csidriver", "CSIDriver"),
			root("csinodes", "csinode", "CSINode"),
			ns("csistoragecapacities", "csistoragecapacity", "CSIStorageCapacity"),
			root("storageclasses", "storageclass", "StorageClass"),
			root("volumeattachments", "volumeattachment", "VolumeAttachment"),
		),
		group("admissionregistration.k8s.io/v1",
			root("mutatingwebhookconfigurations", "mutatingwebhookconfiguration", "MutatingWebhookConfiguration"),
			root("validatingadmissionpolicies", "validatingadmissionpolicy", "ValidatingAdmissionPolicy"),
			root("validatingadmissionpolicybindings", "validatingadmissionpolicybinding", "ValidatingAdmissionPolicyBinding"),
			root("validatingwebhookconfigurations", "validatingwebhookconfiguration", "ValidatingWebhookConfiguration"),
		),
		group("apiextensions.k8s.io/v1", root("customresourcedefinitions", "customresourcedefinition", "CustomResourceDefinition")),
		group("scheduling.k8s.io/v1", root("priorityclasses", "priorityclass", "PriorityClass")),
		group("coordination.k8s.io/v1", ns("leases", "lease", "Lease")),
		group("node.k8s.io/v1", root("runtimeclasses", "runtimeclass", "RuntimeClass")),
		group("discovery.k8s.io/v1", ns("endpointslices", "endpointslice", "EndpointSlice")),
		group("flowcontrol.apiserver.k8s.io/v1",
			root("flowschemas", "flowschema", "FlowSchema"),
			root("prioritylevelconfigurations", "prioritylevelconfiguration", "PriorityLevelConfiguration"),
		),
	}
}
