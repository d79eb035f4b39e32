#!/bin/sh
# Print a rules file for a Prometheus without operator: the content of spec: of a
# PrometheusRule in block style.
#
# usage: hack/rules.sh <PrometheusRule>
set -eu

sed -e '1,/^spec:$/d' -e 's/^  //' "$1"
