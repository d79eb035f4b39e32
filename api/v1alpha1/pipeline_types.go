package v1alpha1

// Pipeline is about the metric pipeline, from Kong to the autoscaler.
type Pipeline struct {
	// enforcement says for each hop what admission does when the metric cannot pass
	// it. A hop that is not listed keeps its built-in action: Deny for
	// service-monitor and adapter-rule, Warn for the others.
	// +optional
	// +listType=map
	// +listMapKey=hop
	// +kubebuilder:validation:MaxItems=8
	Enforcement []HopEnforcement `json:"enforcement,omitempty"`

	// adapterConfigMap is where prometheus-adapter has its rules. Absent, it is found
	// by way of the adapter that serves the custom metrics API.
	// +optional
	AdapterConfigMap *ConfigMapKey `json:"adapterConfigMap,omitempty"`

	// operatorService is the Service of Kong Operator's metrics. Absent, it is found
	// by the name and the labels that the operator's charts give it.
	// +optional
	OperatorService *ObjectName `json:"operatorService,omitempty"`

	// prometheus is the Prometheus object that the adapter queries. Absent, it is found
	// by the address that the adapter was given.
	// +optional
	Prometheus *ObjectName `json:"prometheus,omitempty"`
}

// HopEnforcement is what admission does about one hop.
type HopEnforcement struct {
	Hop HopName `json:"hop"`

	// action is Deny (refuse what is new or changed), Warn (admit it, with a
	// warning), or Ignore (admit it, and say nothing).
	// +kubebuilder:validation:Enum=Deny;Warn;Ignore
	Action Action `json:"action"`
}

// ConfigMapKey names one key of a ConfigMap.
type ConfigMapKey struct {
	// namespace is the namespace of the ConfigMap.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="must be the name of a namespace: lower-case letters, digits and '-', beginning and ending with a letter or digit"
	Namespace string `json:"namespace"`
	// name is the name of the ConfigMap.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="must be the name of an object: lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit"
	Name string `json:"name"`
	// key is the key under which the ConfigMap has the rules.
	// +optional
	// +kubebuilder:default=config.yaml
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="must be a key of a ConfigMap: letters, digits, '-', '_' and '.'"
	Key string `json:"key,omitempty"`
}

// ObjectName names an object in its namespace.
type ObjectName struct {
	// namespace is the namespace of the object.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="must be the name of a namespace: lower-case letters, digits and '-', beginning and ending with a letter or digit"
	Namespace string `json:"namespace"`
	// name is the name of the object.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="must be the name of an object: lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit"
	Name string `json:"name"`
}
