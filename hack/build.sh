#!/bin/sh
# Build one program from a module in tools/, with a line of progress for every
# 250 packages.
#
# usage: hack/build.sh <module folder> <package> <output> <expected duration>
set -eu

module=$1 package=$2 output=$3 duration=$4
name=${output##*/}

mkdir -p "$(dirname "$output")"
output=$(cd "$(dirname "$output")" && pwd)/$name
cd "$(dirname "$0")/../tools/$module"

# The tools' modules are independent, and their build must not depend on the user's
# environment for the product's module.
export CGO_ENABLED=0 GOWORK=off

ldflags='-s -w'
case $module in
kubernetes*) # Without these, Kubernetes reports v0.0.0.
	version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
	number=${version#v}
	major=${number%%.*}
	rest=${number#*.}
	variable=k8s.io/component-base/version
	ldflags="$ldflags -X $variable.gitVersion=$version -X $variable.gitMajor=$major -X $variable.gitMinor=${rest%%.*}"
	;;
esac

# go prints a line for each package or download; errors have other shapes.
progress() {
	packages=0 downloads=0
	while IFS= read -r line; do
		case $line in
		'go: downloading '*)
			downloads=$((downloads + 1))
			[ $((downloads % 50)) -ne 0 ] || echo "  $name: $downloads modules downloaded"
			;;
		*' '*) echo "$line" ;;
		*)
			packages=$((packages + 1))
			[ $((packages % 250)) -ne 0 ] || echo "  $name: $packages packages compiled"
			;;
		esac
	done
}

echo "building $name, about $duration the first time"
status=$(mktemp)
trap 'rm -f "$status"' EXIT
{
	go build -v -trimpath -buildvcs=false -ldflags "$ldflags" -o "$output" "$package" 2>&1 || echo failed >"$status"
} | progress
if [ -s "$status" ]; then
	echo "building $name failed" >&2
	exit 1
fi
touch "$output" # go leaves an unchanged file alone; make looks at its time
