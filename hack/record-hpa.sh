#!/bin/sh
# Records what the HorizontalPodAutoscaler controller of the pinned Kubernetes decides, for
# the tests of internal/autoscale. The module cache cannot be written, so the controller's
# package is copied for it.
# usage: hack/record-hpa.sh
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$root/tools/kubernetes/go.mod" "$root/tools/kubernetes/go.sum" "$work"
mkdir "$work/podautoscaler"
cd "$work"
go mod download k8s.io/kubernetes
package=$(go list -f '{{.Dir}}' k8s.io/kubernetes/pkg/controller/podautoscaler)
for file in horizontal replica_calculator hpa_selector_store rate_limiters; do
	cat "$package/$file.go" >"podautoscaler/$file.go"
done
cp "$root"/tools/kubernetes/testdata/*_test.go podautoscaler
RECORD_TO=$root/internal/autoscale/testdata/recorded.json go test ./podautoscaler -run TestRecord
