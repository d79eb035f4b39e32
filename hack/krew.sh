#!/bin/sh
# Print the krew manifest of a release whose archives are in a folder.
#
# usage: hack/krew.sh <version> <folder>
set -eu

version=$1
folder=$(cd "$2" && pwd)
cd "$(dirname "$0")/.."

checksum() {
	if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

set -- -e "/^# tools/d" -e "s|VERSION|$version|g"
for platform in $(sed -n 's/.*SHA256_\([a-z0-9_]*\)$/\1/p' krew/latency.yaml); do
	archive=$folder/kubectl-latency_${version}_$platform.tar.gz
	[ -f "$archive" ] || {
		echo "make the manifest for krew: there is no $archive" >&2
		exit 1
	}
	set -- "$@" -e "s|SHA256_$platform\$|$(checksum "$archive")|"
done
sed "$@" krew/latency.yaml
