#!/bin/sh
# Join the stage files of kwok's module into one.
#
# usage: hack/kwok-stages.sh <output>
set -eu

output=$1
mkdir -p "$(dirname "$output")"
output=$(cd "$(dirname "$output")" && pwd)/${output##*/}
cd "$(dirname "$0")/../tools/kwok"

export GOWORK=off
go mod download sigs.k8s.io/kwok
stages=$(go list -m -f '{{.Dir}}' sigs.k8s.io/kwok)/kustomize/stage
for file in \
	"$stages/node/fast/node-initialize.yaml" \
	"$stages/pod/fast/pod-ready.yaml" \
	"$stages/pod/fast/pod-complete.yaml" \
	"$stages/pod/fast/pod-delete.yaml"; do
	echo ---
	cat "$file"
done >"$output.new"
mv "$output.new" "$output"
