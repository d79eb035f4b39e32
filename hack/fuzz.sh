#!/bin/sh
# Run every fuzz target of the repository for a given time, one after the other.
#
# usage: hack/fuzz.sh <duration, such as 30s>
set -eu

duration=$1
cd "$(dirname "$0")/.."

targets=$(find . -name '*_test.go' -exec grep -Ho '^func Fuzz[A-Za-z0-9_]*' {} + |
	sed 's|/[^/]*_test.go:func | |' | sort)
if [ -z "$targets" ]; then
	echo "no fuzz target found" >&2
	exit 1
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# The end of the fuzz time is sometimes reported as a failure: the coordinator in
# internal/fuzz compares the expired context's error with that of a child context that
# has not expired yet. A failure of a target is always followed by the failing input,
# or the worker's end.
is_end_of_time() {
	grep -qx '    context deadline exceeded' "$log" &&
		! grep -Eq 'Failing input written|To re-run:|panic:|fuzzing process|testdata/fuzz' "$log"
}

# sh loses the exit status of a pipe's first command, so it is written to the log.
echo "$targets" | while read -r folder target; do
	echo "fuzzing $folder $target for $duration"
	{
		status=0
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$duration" "$folder" </dev/null 2>&1 || status=$?
		echo "ended with $status"
	} | tee "$log"
	case $(tail -n 1 "$log") in
	'ended with 0') ;;
	*) is_end_of_time || exit 1 ;;
	esac
done
