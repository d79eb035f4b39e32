#!/bin/sh
# Build a release into a folder: programs for each platform with their bills of
# materials, manifests, the chart, alerts, the dashboard and checksums. The build is
# reproducible: the same commit, version and tools give the same bytes.
#
# usage: hack/release.sh <version> <output> <linker flags> <kubectl> <helm> <cyclonedx-gomod> <os/arch>…
set -eu

version=$1 output=$2 ldflags=$3 kubectl=$4 helm=$5 cyclonedx=$6
shift 6
cd "$(dirname "$0")/.."
export CGO_ENABLED=0

rm -rf "$output"
mkdir -p "$output"
output=$(cd "$output" && pwd)
scratch=$(mktemp -d)
# Kustomize accepts bases by relative paths only, so the kustomization that sets the
# image's tag is here.
overlay=$(mktemp -d "$PWD/.release-XXXXXX")
trap 'rm -rf "$scratch" "$overlay"' EXIT
trap 'exit 1' INT TERM

programs() { # programs <os> <arch>
	for program in kong-latency kubectl-latency; do
		name=${program}_${version}_$1_$2
		echo "  $name"
		GOOS=$1 GOARCH=$2 go build -trimpath -buildvcs=false -ldflags "$ldflags" -o "$scratch/$program" "./cmd/$program"
		# The plugin comes with the script by which kubectl completes its arguments.
		with=
		[ "$program" != kubectl-latency ] || with=krew/kubectl_complete-latency
		go run ./hack/archive "$output/$name.tar.gz" "$scratch/$program" $with
		# No serial number and no time, which would differ between builds.
		GOOS=$1 GOARCH=$2 "$cyclonedx" app -json -noserial -notimestamp -std \
			-main "cmd/$program" -output "$output/$name.cdx.json" . 2>"$scratch/log" || {
			cat "$scratch/log" >&2
			return 1
		}
	done
}

manifest() { # manifest <folder of config> <name>
	cat >"$overlay/kustomization.yaml" <<-END
		apiVersion: kustomize.config.k8s.io/v1beta1
		kind: Kustomization
		resources: [../config/$1]
		images:
		- name: ghcr.io/kong-latency/kong-latency
		  newTag: $version
	END
	"$kubectl" kustomize "$overlay" >"$output/$2.yaml"
}

# chart_version makes a semantic version of one that is not, such as a commit.
chart_version() {
	case ${version#v} in
	[0-9]*.[0-9]*.[0-9]*) echo "${version#v}" ;;
	*) echo "0.0.0-g$version" ;;
	esac
}

checksums() {
	if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

echo "programs"
for platform; do
	programs "${platform%/*}" "${platform#*/}"
done

# The krew manifest names every platform, so a release with fewer has none.
hack/krew.sh "$version" "$output" >"$scratch/krew.yaml" &&
	mv "$scratch/krew.yaml" "$output/kubectl-latency-krew.yaml" || echo "  without a manifest for krew"

echo "manifests, chart, alerts and dashboard"
manifest default kong-latency
for variant in all-in-one cert-manager prometheus grafana; do
	[ ! -f "config/$variant/kustomization.yaml" ] || manifest "$variant" "kong-latency-$variant"
done
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) "$helm" package charts/kong-latency \
	--version "$(chart_version)" --app-version "$version" --destination "$output" >"$scratch/log" || {
	cat "$scratch/log" >&2
	exit 1
}
hack/rules.sh config/prometheus/alerts.yaml >"$output/kong-latency-alerts.yaml"
cp config/grafana/kong-latency.json "$output/kong-latency-dashboard.json"

cd "$output"
checksums * >"$scratch/checksums"
mv "$scratch/checksums" checksums.txt
echo "$output contains $(wc -l <checksums.txt | tr -d ' ') files and checksums.txt"
