#!/bin/sh
# Build the release of the current commit here and in a clone elsewhere, and compare
# the results.
#
# usage: hack/check-release.sh <version> <linker flags> <kubectl> <helm> <cyclonedx-gomod> <os/arch>…
set -eu

version=$1 ldflags=$2
cd "$(dirname "$0")/.."
absolute() { echo "$(cd "$(dirname "$1")" && pwd)/${1##*/}"; }
kubectl=$(absolute "$3") helm=$(absolute "$4") cyclonedx=$(absolute "$5")
shift 5
[ -z "$(git status --porcelain)" ] || {
	echo "check the release: there are changes that are not committed, which a clone would lack" >&2
	exit 1
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

git clone --quiet . "$scratch/clone"
hack/release.sh "$version" "$scratch/here" "$ldflags" "$kubectl" "$helm" "$cyclonedx" "$@"
"$scratch/clone/hack/release.sh" "$version" "$scratch/there" "$ldflags" "$kubectl" "$helm" "$cyclonedx" "$@"
diff "$scratch/here/checksums.txt" "$scratch/there/checksums.txt"
echo "both are the same"
