#!/bin/sh
# Run every fuzz target of the repository for a while, one after the other.
#
# usage: tools/fuzz.sh <duration, such as 30s>
set -eu

duration=$1
cd "$(dirname "$0")/.."

targets=$(find . -name '*_test.go' -exec grep -Ho '^func Fuzz[A-Za-z0-9_]*' {} + |
	sed 's|/[^/]*_test.go:func | |' | sort)
if [ -z "$targets" ]; then
	echo "no fuzz target found" >&2
	exit 1
fi
echo "$targets" | while read -r folder target; do
	echo "fuzzing $folder $target for $duration"
	go test -run '^$' -fuzz "^$target\$" -fuzztime "$duration" "$folder" </dev/null
done
