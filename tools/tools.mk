# Programs that are built from the modules in this folder. Each is built when it is
# first needed, and again when its module's go.mod changes. Versions are in the go.mod
# files only.
#
# $(call build_tool,<module folder>,<package>,<duration of the first build>)
build_tool = @hack/build.sh '$(1)' '$(2)' '$@' '$(3)'

$(BIN)/etcd: tools/etcd/go.mod
	$(call build_tool,etcd,go.etcd.io/etcd/server/v3,1 minute)

$(BIN)/kube-apiserver: tools/kubernetes/go.mod
	$(call build_tool,kubernetes,k8s.io/kubernetes/cmd/kube-apiserver,5 minutes)

$(BIN)/kube-controller-manager: tools/kubernetes/go.mod
	$(call build_tool,kubernetes,k8s.io/kubernetes/cmd/kube-controller-manager,1 minute after kube-apiserver)

$(BIN)/kube-scheduler: tools/kubernetes/go.mod
	$(call build_tool,kubernetes,k8s.io/kubernetes/cmd/kube-scheduler,half a minute after kube-apiserver)

$(BIN)/kubectl: tools/kubernetes/go.mod
	$(call build_tool,kubernetes,k8s.io/kubernetes/cmd/kubectl,half a minute after kube-apiserver)

# The same for an older minor version, for make test-integration K8S=…
$(BIN)/k8s-%/kube-apiserver: tools/kubernetes-%/go.mod
	$(call build_tool,kubernetes-$*,k8s.io/kubernetes/cmd/kube-apiserver,5 minutes)

$(BIN)/k8s-%/kube-controller-manager: tools/kubernetes-%/go.mod
	$(call build_tool,kubernetes-$*,k8s.io/kubernetes/cmd/kube-controller-manager,1 minute after kube-apiserver)

$(BIN)/k8s-%/kube-scheduler: tools/kubernetes-%/go.mod
	$(call build_tool,kubernetes-$*,k8s.io/kubernetes/cmd/kube-scheduler,half a minute after kube-apiserver)

$(BIN)/kwok: tools/kwok/go.mod
	$(call build_tool,kwok,sigs.k8s.io/kwok/cmd/kwok,1 minute)

$(BIN)/prometheus: tools/prometheus/go.mod
	$(call build_tool,prometheus,github.com/prometheus/prometheus/cmd/prometheus,5 minutes)

$(BIN)/promtool: tools/prometheus/go.mod
	$(call build_tool,prometheus,github.com/prometheus/prometheus/cmd/promtool,4 minutes; half a minute after prometheus)

$(BIN)/prometheus-operator: tools/prometheus-operator/go.mod
	$(call build_tool,prometheus-operator,github.com/prometheus-operator/prometheus-operator/cmd/operator,3 minutes)

$(BIN)/kube-state-metrics: tools/kube-state-metrics/go.mod
	$(call build_tool,kube-state-metrics,k8s.io/kube-state-metrics/v2,2 minutes)

$(BIN)/cyclonedx-gomod: tools/sbom/go.mod
	$(call build_tool,sbom,github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod,1 minute)

$(BIN)/golangci-lint: tools/lint/go.mod
	$(call build_tool,lint,github.com/golangci/golangci-lint/v2/cmd/golangci-lint,4 minutes)

$(BIN)/controller-gen: tools/generate/go.mod
	$(call build_tool,generate,sigs.k8s.io/controller-tools/cmd/controller-gen,half a minute)

$(BIN)/helm: tools/helm/go.mod
	$(call build_tool,helm,helm.sh/helm/v4/cmd/helm,2 minutes)

$(BIN)/kubeconform: tools/kubeconform/go.mod
	$(call build_tool,kubeconform,github.com/yannh/kubeconform/cmd/kubeconform,half a minute)

# kwok does nothing without stages, which define how nodes and pods become ready. Its
# module has stages for nodes and pods that are ready at once.
$(BIN)/kwok-stages.yaml: tools/kwok/go.mod
	@hack/kwok-stages.sh '$@'

# The custom resource definitions that tests install. The stamp is for all of them.
$(BIN)/crds/.built: tools/crds/go.mod hack/crds.sh
	@hack/crds.sh '$@'
