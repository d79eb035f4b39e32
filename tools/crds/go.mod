// The modules whose custom resource definitions the tests install. Nothing is
// built from them, so there is nothing to tidy: each is named here once.
module github.com/kong-latency/kong-latency/tools/crds

go 1.26.7

require (
	github.com/cert-manager/cert-manager v1.21.2
	github.com/kedacore/keda/v2 v2.21.0
	github.com/prometheus-operator/prometheus-operator v0.94.1
	sigs.k8s.io/gateway-api v1.6.3
)
