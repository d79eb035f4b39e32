#!/bin/sh
# Check the alerts and run their tests.
#
# usage: hack/test-alerts.sh <promtool>
set -eu

promtool=$1
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

hack/rules.sh config/prometheus/alerts.yaml >"$scratch/rules.yaml"
cp config/prometheus/alerts_test.yaml "$scratch/alerts_test.yaml"
"$promtool" check rules --lint=all --lint-fatal "$scratch/rules.yaml"
"$promtool" test rules "$scratch/alerts_test.yaml"
