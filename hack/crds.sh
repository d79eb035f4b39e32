#!/bin/sh
# Copy the custom resource definitions that the product uses from the modules that
# define them, each into a file of the definition's name.
#
# usage: hack/crds.sh <stamp: a file in the output folder, written last>
set -eu

stamp=$1
mkdir -p "$(dirname "$stamp")"
folder=$(cd "$(dirname "$stamp")" && pwd)
cd "$(dirname "$0")/../tools/crds"

export GOWORK=off
monitoring=github.com/prometheus-operator/prometheus-operator
gateway=sigs.k8s.io/gateway-api
certificates=github.com/cert-manager/cert-manager
keda=github.com/kedacore/keda/v2
go mod download "$monitoring" "$gateway" "$certificates" "$keda"

copy() { # copy <module> <folder in it> <API group> <plural>…
	from=$(go list -m -f '{{.Dir}}' "$1")/$2
	group=$3
	shift 3
	for plural in "$@"; do
		cat "$from/${group}_$plural.yaml" >"$folder/$plural.$group.yaml"
	done
}
copy "$monitoring" example/prometheus-operator-crd monitoring.coreos.com servicemonitors podmonitors probes scrapeconfigs prometheuses prometheusrules
copy "$gateway" config/crd/standard gateway.networking.k8s.io gatewayclasses gateways httproutes referencegrants grpcroutes
copy "$certificates" deploy/crds cert-manager.io certificates issuers
copy "$keda" config/crd/bases keda.sh scaledobjects
: >"$folder/${stamp##*/}"
