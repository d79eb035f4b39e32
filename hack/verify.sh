#!/bin/sh
# Check formatting, vet, go.mod, that generated files are up to date, that the
# manifests render and that the alerts fire. The tree is not changed: files are
# generated in a copy.
#
# usage: hack/verify.sh <make> <kubectl> <controller-gen, relative to the root> <promtool>
set -eu

make=$1 kubectl=$2 controller_gen=$3 promtool=$4
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

failed=
check() { # check <what> <command>…
	what=$1
	shift
	if "$@" >"$scratch/output" 2>&1; then
		echo "ok      $what"
	else
		echo "FAILED  $what"
		sed -e 's/^/        /' -e 60q "$scratch/output"
		lines=$(wc -l <"$scratch/output")
		[ "$lines" -le 60 ] || echo "        … and $((lines - 60)) lines more"
		failed=yes
	fi
}

formatted() {
	files=$("$(go env GOROOT)/bin/gofmt" -l .)
	[ -z "$files" ] || {
		echo "run gofmt -w on: $files"
		return 1
	}
}

# copy_tree copies every file that git does not ignore, committed or not. A separate
# index and object store leave the repository unchanged.
copy_tree() {
	objects=$(git rev-parse --path-format=absolute --git-path objects)
	mkdir -p "$scratch/objects"
	(
		export GIT_INDEX_FILE="$scratch/index" GIT_OBJECT_DIRECTORY="$scratch/objects"
		export GIT_ALTERNATE_OBJECT_DIRECTORIES="$objects"
		git add --all . && git checkout-index --all --prefix="$1/"
	)
}

generated() {
	copy_tree "$scratch/before" && copy_tree "$scratch/after" || return 1
	mkdir -p "$scratch/after/$(dirname "$controller_gen")" &&
		ln -s "$PWD/$controller_gen" "$scratch/after/$controller_gen" || return 1
	"$make" -C "$scratch/after" --old-file="$controller_gen" generate || return 1
	rm "$scratch/after/$controller_gen"
	(cd "$scratch" && git diff --no-index --exit-code before after) || {
		echo "run make generate and commit the result"
		return 1
	}
}

check "gofmt" formatted
check "go vet" go vet ./...
check "go mod tidy" go mod tidy -diff
check "generated files" generated
for overlay in config/*/kustomization.yaml; do
	check "render ${overlay%/*}" "$kubectl" kustomize "${overlay%/*}"
done
check "alerts" hack/test-alerts.sh "$promtool"

[ -z "$failed" ]
