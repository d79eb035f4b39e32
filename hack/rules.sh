#!/bin/sh
# Print the rules file of a Prometheus without operator: what stands under spec:
# of a PrometheusRule in block style.
#
# usage: hack/rules.sh <PrometheusRule>
set -eu

sed -e '1,/^spec:$/d' -e 's/^  //' "$1"
